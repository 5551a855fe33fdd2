"""The ``jupyterhub_config.py`` of the ``hub`` benchmark; ``process.py`` passes its values."""

from __future__ import annotations

import atexit
import json
import os
import signal
import sys
from typing import Any, NoReturn

from jupyterhub.app import JupyterHub
from jupyterhub.proxy import Proxy

from jupyter_safecoder.hub import add_safecoder


class NoProxy(Proxy):  # type: ignore[misc]
    """No proxy: users' servers, whose place the benchmark takes, send requests to the service."""

    should_start = False

    async def add_route(self, routespec: str, target: str, data: dict[str, Any]) -> None:
        """Do nothing."""

    async def delete_route(self, routespec: str) -> None:
        """Do nothing."""

    async def get_all_routes(self) -> dict[str, Any]:
        """Return none."""
        return {}


def stop_early(number: int, frame: object) -> NoReturn:
    """Stop the Hub and the service that it has started."""
    atexit.register(JupyterHub.instance().atexit)
    sys.exit(1)


# Until it has started, a Hub has no handler: it would stop without its service.
signal.signal(signal.SIGTERM, stop_early)
given = json.loads(os.environ["SAFECODER_BENCH_HUB"])
c = get_config()  # type: ignore[name-defined]  # noqa: F821
c.JupyterHub.services = []
add_safecoder(
    *(c, given["policy"], given["groups"]),
    url=given["service"],
    arguments=given["arguments"],
    socket="",
    trainers=given["groups"],
)
# A Hub passes nothing of its own environment to a service but the path of Python.
c.JupyterHub.services[0]["environment"] = given["environment"]
c.JupyterHub.proxy_class = NoProxy
c.JupyterHub.hub_port = given["port"]
c.JupyterHub.load_groups = {group: {"users": []} for group in given["groups"]}
c.JupyterHub.authenticator_class = "dummy"
c.Authenticator.allow_all = True
c.JupyterHub.spawner_class = "simple"
c.JupyterHub.services.append({"name": "bench", "api_token": given["token"]})
c.JupyterHub.load_roles.append(
    {
        "name": "bench",
        "services": ["bench"],
        "scopes": ["admin:users", "tokens", "groups", "read:services", *given["scopes"]],
    }
)
