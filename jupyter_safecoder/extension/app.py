"""The extension application and its traits."""

from __future__ import annotations

import asyncio
import os

from jupyter_server.extension.application import ExtensionApp
from traitlets import Bool, Enum, Float, Int, TraitError, Unicode, default, validate

from ..engines import engine_names
from ..engines.choice import AUTO
from ..hub.names import TOKEN_VARIABLE, URL_VARIABLE
from ..runtime.settings import RuntimeSettings
from .gateway import Gateway
from .handlers import (
    CompletionsHandler,
    ModelsHandler,
    StartHandler,
    StatusHandler,
    TextHandler,
)
from .hub_gateway import HubGateway
from .supervisor import Supervisor

_DEFAULTS = RuntimeSettings()


class SafeCoder(ExtensionApp):
    """The private code assistant: in-cell completions from a model on this machine."""

    name = "jupyter_safecoder"
    extension_url = "/jupyter-safecoder"
    load_other_extensions = True

    model = Unicode(
        _DEFAULTS.model,
        help="The model: 'safecoder-smol-135m', which ships with the product; a directory with a "
        "Hugging Face checkpoint; a GGUF file; or a hub's 'owner/name'.",
    ).tag(config=True)
    revision = Unicode(
        _DEFAULTS.revision,
        help="The revision of a model from a hub: a commit, a tag or a branch. Empty: its newest.",
    ).tag(config=True)
    allow_downloads = Bool(
        _DEFAULTS.allow_downloads,
        help="Whether a model may be downloaded from its hub; otherwise it must be on this disk.",
    ).tag(config=True)
    cache_dir = Unicode(
        _DEFAULTS.cache_dir,
        help="Where prepared models are kept. Empty: 'safecoder' in Jupyter's data directory.",
    ).tag(config=True)
    adapter = Unicode(
        _DEFAULTS.adapter,
        help="The adapter to serve the model with, by its name. Empty: the one that is in use, see "
        "'jupyter safecoder adapter use'; '-': none.",
    ).tag(config=True)
    draft_model = Unicode(
        _DEFAULTS.draft_model,
        help="A much smaller model with the same tokenizer that guesses ahead, by the same names "
        "as 'model'. Empty: none.",
    ).tag(config=True)
    lookup_tokens = Int(
        _DEFAULTS.lookup_tokens,
        min=0,
        max=16,
        help="Most tokens that are guessed at once from repetitions in the notebook (prompt "
        "lookup); the text stays the same. 0 switches it off.",
    ).tag(config=True)
    engine = Unicode(
        _DEFAULTS.engine,
        help="What runs the model. 'auto' takes the fastest that this machine should have, "
        "'measured' times the two best on the model once and keeps the faster; or an engine's "
        "name: 'openvino', 'transformers', 'onnxruntime', 'remote', or that of an installed "
        "package. 'scripted' answers from a script instead of a model, for tests.",
    ).tag(config=True)
    device = Unicode(
        _DEFAULTS.device,
        help="The device to compute on, by the engine's name of it: 'cpu', 'cuda:1', 'GPU'. "
        "Empty: the best that is found.",
    ).tag(config=True)
    precision = Enum(
        ("", "fp32", "bf16", "fp16", "int8", "int4"),
        default_value=_DEFAULTS.precision,
        help="The precision of the weights. Empty: what suits the device and its memory.",
    ).tag(config=True)
    layout = Unicode(
        _DEFAULTS.layout,
        help="The FIM layout of prompts: 'spm', 'psm', 'context', 'suffix-first' or 'prefix'. "
        "Empty: what suits the model.",
    ).tag(config=True)
    remote_url = Unicode(
        _DEFAULTS.remote_url,
        help="The address of a server of completions, vLLM or llama.cpp's llama-server: "
        "'https://host:port'. It then computes; 'model' gives the tokenizer. Empty: no server.",
    ).tag(config=True)
    remote_model = Unicode(
        _DEFAULTS.remote_model,
        help="The server's name for the model. Empty: the only one that it has.",
    ).tag(config=True)
    remote_key_file = Unicode(
        _DEFAULTS.remote_key_file,
        help="A file with the server's API key, which nobody else may read. It is read again when "
        "it changes.",
    ).tag(config=True)
    remote_ca_file = Unicode(
        _DEFAULTS.remote_ca_file,
        help="Certificates in PEM format that sign the server's. Empty: those of the system.",
    ).tag(config=True)
    remote_certificate_file = Unicode(
        _DEFAULTS.remote_certificate_file,
        help="The certificate that we show to the server, in PEM format.",
    ).tag(config=True)
    remote_certificate_key_file = Unicode(
        _DEFAULTS.remote_certificate_key_file,
        help="The key of that certificate, unencrypted. Empty: it is in the same file.",
    ).tag(config=True)
    service_url = Unicode(
        help="The address of a JupyterHub's SafeCoder service, which then answers instead of a "
        "runtime of this server's own. Empty: what the Hub says, if it has one.",
    ).tag(config=True)
    service_ca_file = Unicode(
        help="Certificates in PEM format that sign the service's. Empty: those of the system.",
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

    @default("service_url")
    def _service_of_the_hub(self) -> str:
        return os.environ.get(URL_VARIABLE, "")

    @validate("engine")
    def _known_engine(self, proposal: dict[str, str]) -> str:
        name = proposal["value"]
        if name not in (names := (*AUTO, *engine_names())):
            raise TraitError(f"There is no engine named {name!r}; there are: {', '.join(names)}.")
        return name

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
        token = os.environ.get(TOKEN_VARIABLE, "")
        self.settings["safecoder_gateway"] = (
            HubGateway(self.service_url, token, self.service_ca_file)
            if self.service_url
            else Gateway(self.supervisor, self.start_runtime)
        )
        self.settings["safecoder_max_request_bytes"] = self.max_request_bytes

    def initialize_handlers(self) -> None:
        """Register the doors: our own, and those for other editors."""
        self.handlers.extend(
            [
                (r"/jupyter-safecoder/completions/?", CompletionsHandler),
                (r"/jupyter-safecoder/status/?", StatusHandler),
                (r"/jupyter-safecoder/start/?", StartHandler),
                (r"/jupyter-safecoder/v1/models/?", ModelsHandler),
                (r"/jupyter-safecoder/v1/models/(.+)", ModelsHandler),
                (r"/jupyter-safecoder/v1/completions/?", TextHandler),
            ]
        )

    async def _start_jupyter_server_extension(self, serverapp: object) -> None:
        """Start the runtime with the server, if that is wished."""
        if self.start_runtime == "server" and not self.service_url:
            self.supervisor.start()

    async def stop_extension(self) -> None:
        """End the runtime with the server."""
        gateway: Gateway | HubGateway = self.settings["safecoder_gateway"]
        await asyncio.gather(gateway.close(), self.supervisor.stop())
