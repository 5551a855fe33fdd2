"""People of a Hub at their keyboards: what they type, run and ask reaches its service."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from typing import Any

import httpx

from jupyter_safecoder.clients.hub_client import HubClient
from jupyter_safecoder.clients.hub_environment import TOKEN_VARIABLE, URL_VARIABLE
from jupyter_safecoder.protocol import CompletionOptions, CompletionRequest
from tests.support.real_hub import Hub

ASKED = CompletionRequest(
    "import teamkit", "", options=CompletionOptions(max_tokens=12, rules=False)
)


@dataclass
class Somebody:
    """A person of the Hub, at their keyboard."""

    hub: Hub
    token: str

    @property
    def environment(self) -> dict[str, str]:
        """What their server's processes are told."""
        own = {URL_VARIABLE: f"{self.hub.service}/", TOKEN_VARIABLE: self.token}
        return {**os.environ, **own}

    def start(self, *lines: str) -> subprocess.Popen[str]:
        """Type into IPython on their server."""
        code = "\n".join(["%load_ext jupyter_safecoder", *lines])
        return subprocess.Popen(
            [sys.executable, "-m", "IPython", "--colors=NoColor", "-c", code],
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def types(self, *lines: str) -> str:
        """Return what they see."""
        return self.start(*lines).communicate(timeout=120)[0]

    def runs(self, *words: str) -> Any:
        """Return what a command on their server tells."""
        done = subprocess.run(
            [sys.executable, "-m", "jupyter_safecoder", *words, "--json"],
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=120,
        )
        return json.loads(done.stdout) if done.returncode == 0 else done.stderr

    def asks(self, method: str, path: str, **body: Any) -> tuple[int, Any]:
        """Ask the service without our client."""
        answer = httpx.request(
            method,
            f"{self.hub.service}/{path}",
            headers={"Authorization": f"token {self.token}"},
            timeout=60,
            trust_env=False,
            **body,
        )
        return answer.status_code, answer.json()

    def orders(self, name: str, *sources: object, **settings: object) -> tuple[int, Any]:
        """Order a job."""
        whole = {"name": name, "settings": settings, "sources": sources or [[".py", "a = 1"]]}
        return self.asks("POST", "jobs", content=gzip.compress(json.dumps(whole).encode()))

    def served(self) -> tuple[str, str | None]:
        """Return what they are answered, and by which adapter."""
        with HubClient(f"{self.hub.service}/", self.token) as client:
            adapter = client.wait_until_ready().adapter
            return client.complete(ASKED).text, adapter
