"""The extension application and its traits."""

from __future__ import annotations

import asyncio
import os

from jupyter_server.extension.application import ExtensionApp
from traitlets import Enum, Float, Int, Unicode

from ..runtime.settings import RuntimeSettings
from .gateway import Gateway
from .handlers import CompletionsHandler, StartHandler, StatusHandler
from .supervisor import Supervisor

_DEFAULTS = RuntimeSettings()


class SafeCoder(ExtensionApp):
    """The private code assistant: in-cell completions from a model on this machine."""

    name = "jupyter_safecoder"
    extension_url = "/jupyter-safecoder"
    load_other_extensions = True

    model = Unicode(
        _DEFAULTS.model,
        help="The model: 'safecoder-smol-135m', which ships with the product, or a directory that "
        "holds a model.json, weights and a tokenizer.",
    ).tag(config=True)
    engine = Enum(
        ("auto", "openvino", "scripted"),
        default_value="auto",
        help="What runs the model. 'auto' takes the fastest that this machine has; 'scripted' "
        "answers from a script instead of a model, for tests.",
    ).tag(config=True)
    layout = Unicode(
        _DEFAULTS.layout,
        help="The FIM layout of prompts: 'spm', 'psm' or 'context'. Empty: what suits the model.",
    ).tag(config=True)
    start_runtime = Enum(
        ("notebook", "server", "never"),
        default_value="notebook",
        help="When to start the runtime process: when the first notebook is opened, at once with "
        "the server, or never (completions are then off).",
    ).tag(config=True)
    max_tokens_line = Int(
        _DEFAULTS.max_tokens_line, help="Most tokens of a completion that stays on its line."
    ).tag(config=True)
    max_tokens_block = Int(
        _DEFAULTS.max_tokens_block, help="Most tokens of a completion of several lines."
    ).tag(config=True)
    max_lines = Int(_DEFAULTS.max_lines, help="Most lines of a completion.").tag(config=True)
    deadline_s = Float(
        _DEFAULTS.deadline_s,
        help="Seconds after which a completion ends; what is written by then is kept.",
    ).tag(config=True)
    max_running = Int(
        _DEFAULTS.max_running, help="Completions that the engine computes at once."
    ).tag(config=True)
    max_waiting = Int(
        _DEFAULTS.max_waiting,
        help="Completions that may wait for their turn; more are refused with 429.",
    ).tag(config=True)
    max_request_bytes = Int(
        _DEFAULTS.max_request_bytes,
        help="Largest request in bytes; larger ones are refused with 413.",
    ).tag(config=True)

    def runtime_settings(self) -> RuntimeSettings:
        """Return what the runtime process is told."""
        return RuntimeSettings(
            connection_name=f"safecoder-{os.getpid()}",
            **{
                name: getattr(self, name)
                for name in RuntimeSettings.__dataclass_fields__
                if name != "connection_name"
            },
        )

    def initialize_settings(self) -> None:
        """Make the supervisor and the gateway."""
        self.supervisor = Supervisor(self.runtime_settings(), log=self.log)
        self.settings["safecoder_gateway"] = Gateway(self.supervisor, self.start_runtime)
        self.settings["safecoder_max_request_bytes"] = self.max_request_bytes

    def initialize_handlers(self) -> None:
        """Register the three doors."""
        self.handlers.extend(
            [
                (r"/jupyter-safecoder/completions/?", CompletionsHandler),
                (r"/jupyter-safecoder/status/?", StatusHandler),
                (r"/jupyter-safecoder/start/?", StartHandler),
            ]
        )

    async def _start_jupyter_server_extension(self, serverapp: object) -> None:
        """Start the runtime with the server, if that is wished."""
        if self.start_runtime == "server":
            self.supervisor.start()

    async def stop_extension(self) -> None:
        """End the runtime with the server."""
        gateway: Gateway = self.settings["safecoder_gateway"]
        await asyncio.gather(gateway.close(), self.supervisor.stop())
