"""Users of a JupyterHub: what they type, run and request reaches the service."""

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
from jupyter_safecoder.clients.hub_environment import SERVICE_TOKEN_VARIABLE, URL_VARIABLE
from jupyter_safecoder.protocol import CompletionOptions, CompletionRequest
from tests.support.real_hub import Hub

REQUEST = CompletionRequest(
    "import teamkit", "", options=CompletionOptions(max_tokens=12, rules=False)
)


@dataclass
class HubUser:
    """A user of the JupyterHub, with a token of the user's server."""

    hub: Hub
    token: str

    @property
    def environment(self) -> dict[str, str]:
        """The environment of processes on the user's server."""
        own = {URL_VARIABLE: f"{self.hub.service}/", SERVICE_TOKEN_VARIABLE: self.token}
        return {**os.environ, **own}

    def start(self, *lines: str) -> subprocess.Popen[str]:
        """Run lines in IPython on the user's server."""
        code = "\n".join(["%load_ext jupyter_safecoder", *lines])
        return subprocess.Popen(
            [sys.executable, "-m", "IPython", "--colors=NoColor", "-c", code],
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def types(self, *lines: str) -> str:
        """Return what IPython prints for lines."""
        return self.start(*lines).communicate(timeout=120)[0]

    def runs(self, *words: str) -> Any:
        """Return the JSON that a command on the user's server prints, or its error."""
        done = subprocess.run(
            [sys.executable, "-m", "jupyter_safecoder", *words, "--json"],
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=120,
        )
        return json.loads(done.stdout) if done.returncode == 0 else done.stderr

    def requests(self, method: str, path: str, **body: Any) -> tuple[int, Any]:
        """Send a request to the service, without its client."""
        answer = httpx.request(
            method,
            f"{self.hub.service}/{path}",
            headers={"Authorization": f"token {self.token}"},
            timeout=60,
            trust_env=False,
            **body,
        )
        return answer.status_code, answer.json()

    def submits(self, name: str, *documents: object, **settings: object) -> tuple[int, Any]:
        """Submit a job; without documents, with a small one."""
        data = {"name": name, "settings": settings, "documents": documents or [document("a = 1")]}
        return self.requests("POST", "jobs", content=gzip.compress(json.dumps(data).encode()))

    def served(self) -> tuple[str, str | None]:
        """Return a completion, and the adapter that it came from."""
        with HubClient(f"{self.hub.service}/", self.token) as client:
            adapter = client.wait_until_ready().adapter
            return client.complete(REQUEST).text, adapter


def document(source: str) -> dict[str, object]:
    """Return a script of one cell, as a submission has it."""
    cells = [{"type": "code", "source": source, "output": ""}]
    return {"language": "python", "notebook": False, "cells": cells}
