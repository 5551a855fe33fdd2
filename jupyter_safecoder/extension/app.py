"""The extension application: traits, endpoints, start and stop of the runtime."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Any

from jupyter_server.extension.application import ExtensionApp
from traitlets import Enum, TraitError, Unicode, default, validate

from jupyter_safecoder.clients.connection import connection_name
from jupyter_safecoder.clients.hub_backend import HubBackend
from jupyter_safecoder.clients.hub_environment import SERVICE_TOKEN_VARIABLE, URL_VARIABLE
from jupyter_safecoder.clients.local_backend import LocalBackend
from jupyter_safecoder.clients.service_address import ServiceAddress
from jupyter_safecoder.clients.supervisor import Supervisor
from jupyter_safecoder.editor_protocols import PROTOCOLS
from jupyter_safecoder.engines import engine_names
from jupyter_safecoder.engines.selection.choice import AUTO
from jupyter_safecoder.ignore_files import IgnoredDocuments
from jupyter_safecoder.option import options_of
from jupyter_safecoder.settings import RuntimeSettings

from .handlers import (
    CompletionsHandler,
    ContextHandler,
    EditorCompletionsHandler,
    EditorQueryHandler,
    ExclusionHandler,
    ForgetHandler,
    KernelNamesHandler,
    ModelHandler,
    ModelsHandler,
    OpenAIModelsHandler,
    RestartHandler,
    StartHandler,
    StatusHandler,
)
from .kernel_names import KernelNames
from .panel import AboutHandler, AdapterHandler, AdaptersHandler, JobsHandler, PrivacyHandler
from .project_reader import ProjectReader
from .suggestion_events import SuggestionEventsHandler
from .traits import RuntimeTraits


class SafeCoder(RuntimeTraits, ExtensionApp):
    """The private code assistant: in-cell completions from a model on this machine."""

    name = "jupyter_safecoder"
    extension_url = "/jupyter-safecoder"
    load_other_extensions = True

    service_url = Unicode(
        help="URL of a JupyterHub's SafeCoder service, which is then used instead of a runtime of "
        "this server: https://…, or http+unix://%2Fpath%2Fof%2Fsocket/… for a Unix socket. Empty: "
        "the service that the Hub names, if there is one.",
    ).tag(config=True)
    service_ca_file = Unicode(
        help="Certificate authorities in PEM format that sign the service's certificate. Empty: "
        "those of the system.",
    ).tag(config=True)
    start_runtime = Enum(
        ("notebook", "server", "never"),
        default_value="notebook",
        help="When to start the runtime process: with the first notebook, with the server, or "
        "never (completions are then off).",
    ).tag(config=True)

    @default("service_url")
    def _default_service_url(self) -> str:
        return os.environ.get(URL_VARIABLE, "")

    @validate("engine")
    def _validate_engine(self, proposal: dict[str, str]) -> str:
        name = proposal["value"]
        if name not in (names := (*AUTO, *engine_names())):
            raise TraitError(f"There is no engine named {name!r}; there are: {', '.join(names)}.")
        return name

    def runtime_settings(self) -> RuntimeSettings:
        """Return the settings of the runtime process."""
        values = {option.name: getattr(self, option.name) for option in options_of(RuntimeSettings)}
        return RuntimeSettings(connection_name=connection_name(), **values)

    def initialize_settings(self) -> None:
        """Create the supervisor and the backend."""
        settings = self.runtime_settings()
        self.supervisor = Supervisor(settings, log=self.log)
        token = os.environ.get(SERVICE_TOKEN_VARIABLE, "")
        if warning := ServiceAddress.of_url(self.service_url).warning:
            self.log.warning("%s", warning)
        self.settings["safecoder_backend"] = (
            HubBackend(self.service_url, token, self.service_ca_file)
            if self.service_url
            else LocalBackend(self.supervisor, self.start_runtime)
        )
        self.settings["safecoder_max_request_bytes"] = settings.max_request_bytes
        self.settings["safecoder_runtime_settings"] = settings

    def initialize_handlers(self) -> None:
        """Register our handlers, and what they need of the server: its files and its kernels."""
        server: Any = self.serverapp
        self.settings.update(
            safecoder_ignored=IgnoredDocuments(Path(server.contents_manager.root_dir)),
            safecoder_kernel_names=KernelNames(server.kernel_manager),
            safecoder_project=ProjectReader(server.contents_manager),
        )
        # The server has copied the settings of the extension already.
        server.web_app.settings.update(self.settings)
        self.handlers.extend(
            [
                (r"/jupyter-safecoder/completions/?", CompletionsHandler),
                (r"/jupyter-safecoder/context/?", ContextHandler),
                (r"/jupyter-safecoder/exclusion/?", ExclusionHandler),
                (r"/jupyter-safecoder/status/?", StatusHandler),
                (r"/jupyter-safecoder/start/?", StartHandler),
                (r"/jupyter-safecoder/restart/?", RestartHandler),
                (r"/jupyter-safecoder/forget/?", ForgetHandler),
                (r"/jupyter-safecoder/models/?", ModelsHandler),
                (r"/jupyter-safecoder/model/?", ModelHandler),
                (r"/jupyter-safecoder/kernels/([\w-]+)/names/?", KernelNamesHandler),
                (r"/jupyter-safecoder/about/?", AboutHandler),
                (r"/jupyter-safecoder/privacy/?", PrivacyHandler),
                (r"/jupyter-safecoder/adapters/?", AdaptersHandler),
                (r"/jupyter-safecoder/adapter/?", AdapterHandler),
                (r"/jupyter-safecoder/jobs/?", JobsHandler),
                (r"/jupyter-safecoder/suggestion-events/?", SuggestionEventsHandler),
                (r"/jupyter-safecoder/v1/models/?", OpenAIModelsHandler),
                (r"/jupyter-safecoder/v1/models/(.+)", OpenAIModelsHandler),
                (r"/jupyter-safecoder(?:/v1)?/(health)/?", EditorQueryHandler),
                (r"/jupyter-safecoder(?:/v1)?/(props)/?", EditorQueryHandler),
                *(
                    (rf"/jupyter-safecoder({protocol.path})/?", EditorCompletionsHandler)
                    for protocol in PROTOCOLS
                ),
            ]
        )

    async def _start_jupyter_server_extension(self, serverapp: object) -> None:
        """Start the runtime eagerly when ``start_runtime`` is ``server``."""
        if self.start_runtime == "server" and not self.service_url:
            self.supervisor.start()

    async def stop_extension(self) -> None:
        """Stop the runtime with the server."""
        self.settings["safecoder_project"].close()
        backend: LocalBackend | HubBackend = self.settings["safecoder_backend"]
        await asyncio.gather(backend.close(), self.supervisor.stop())
