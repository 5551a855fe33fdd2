"""Has a Jupyter server's extension use the service of a JupyterHub, which a test plays."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from jupyter_server.serverapp import ServerApp

from jupyter_safecoder.clients.hub_backend import HubBackend

from .http_server import HttpServer, Respond, http_server


@asynccontextmanager
async def use_hub(app: ServerApp, respond: Respond) -> AsyncIterator[HttpServer]:
    """Yield the service; requests of the extension go to it from now on."""
    with http_server(respond) as service:
        async with use_hub_at(app, service.url):
            yield service


@asynccontextmanager
async def use_hub_at(app: ServerApp, url: str) -> AsyncIterator[None]:
    """Have requests of the extension go to a URL."""
    backend = HubBackend(url, "of-ada")
    app.web_app.settings["safecoder_backend"] = backend
    try:
        yield
    finally:
        await backend.close()
