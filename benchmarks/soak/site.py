"""A Jupyter server of the soak, and what its users do: notebooks, other editors, polls, kills."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psutil

from jupyter_safecoder.clients.connection import read_connection
from jupyter_safecoder.clients.runtime_client import RuntimeClient
from jupyter_safecoder.errors import RuntimeRequestError
from jupyter_safecoder.protocol import (
    Cell,
    CompletionOptions,
    CompletionRequest,
    Done,
    decode_event,
    parse_status,
)
from tests.support.jupyter_server import jupyter_server
from tests.support.processes import runtimes_of

_READY_S = 300.0
#: Share of requests that a user gives up by typing on, of those of other editors, and of polls.
_CANCELLED, _EDITORS, _POLLS = 0.1, 0.15, 0.1
_LINES = (
    *("import numpy as np\n", "frame = pd.read_csv('measurements.csv')\n", "x = [1, 2, 3]\n"),
    *("def mean(values):\n    return sum(values) / len(values)\n", "for row in frame:\n    print("),
)


@dataclass
class Site:
    """A running server.

    Parameters
    ----------
    directory
        All its files.
    pid
        Its process.
    http
        A client of its extension.
    """

    directory: Path
    pid: int
    http: httpx.Client
    #: Requests that got no answer, by the reason.
    failures: dict[str, int] = field(default_factory=dict)

    def wait_until_ready(self) -> None:
        """Wait until the runtime completes.

        Raises
        ------
        RuntimeRequestError
            If it fails, or is not ready in five minutes.
        """
        end = time.monotonic() + _READY_S
        while time.monotonic() < end:
            status = parse_status(self.http.get("/status").content)
            if status.state in ("ready", "busy"):
                return
            if status.state == "failed":
                raise RuntimeRequestError(status.reason, status.remedy)
            if status.state == "off":
                self.http.post("/start")
            time.sleep(0.05)
        raise RuntimeRequestError("The runtime did not become ready.")

    def kill_runtime(self) -> None:
        """Kill the runtime, and wait until its successor completes."""
        (runtime,) = runtimes_of(self.pid)
        runtime.kill()
        with suppress(psutil.NoSuchProcess):
            runtime.wait(30)
        while [process.pid for process in runtimes_of(self.pid)] in ([], [runtime.pid]):
            time.sleep(0.05)
        self.wait_until_ready()

    def use_model(self, name: str) -> None:
        """Have another model served."""
        self._switched(self.http.post("/model", json={"model": name}))

    def use_adapter(self, name: str) -> None:
        """Have the model served with another adapter; empty: none."""
        for path in (self.directory / "runtime").glob("safecoder-*.json"):
            if (connection := read_connection(path)) is not None:
                with RuntimeClient(connection) as client:
                    client.use_adapter(name)

    def request(self, chance: random.Random, document: str, cells: tuple[Cell, ...]) -> None:
        """Send what a user sends next: a completion, mostly in a notebook."""
        kind = chance.random()
        try:
            if kind < _POLLS:
                self.http.get("/status").raise_for_status()
            if kind < _EDITORS:
                self._edit(chance)
            else:
                self._complete(chance, document, cells)
        except (httpx.HTTPError, ValueError) as error:
            name = type(error).__name__
            self.failures[name] = self.failures.get(name, 0) + 1

    def _complete(self, chance: random.Random, document: str, cells: tuple[Cell, ...]) -> None:
        request = CompletionRequest(
            prefix=f"# {chance.random()}\n{chance.choice(_LINES)}",
            suffix=chance.choice(("", "\nprint(x)\n")),
            before=cells,
            document=document,
            options=CompletionOptions(trigger=chance.choice(("automatic", "explicit"))),
        )
        gives_up = chance.random() < _CANCELLED
        with self.http.stream("POST", "/completions", content=request.to_json()) as response:
            response.raise_for_status()
            event: Any = None
            for line in response.iter_lines():
                event = decode_event(line)
                if gives_up:
                    return
            if not isinstance(event, Done):
                raise ValueError("The response has no end.")

    def _edit(self, chance: random.Random) -> None:
        text = chance.choice(_LINES)
        path, body = chance.choice(
            (
                ("/v1/completions", {"prompt": text, "suffix": "\n", "stop": ["\n\n"]}),
                ("/v1/fim/completions", {"prompt": text, "suffix": "\n", "stream": True}),
                ("/infill", {"input_prefix": text, "input_extra": [{"text": _LINES[0]}]}),
            )
        )
        self.http.post(path, json={"max_tokens": 16, "n_predict": 16, **body}).raise_for_status()

    def _switched(self, response: httpx.Response) -> None:
        if not response.is_success:
            raise RuntimeRequestError(f"Another model was refused ({response.status_code}).")


class Notebooks:
    """Notebooks that users open, fill and close.

    Parameters
    ----------
    chance
        Decides how long a notebook is.
    opened
        Called for each one that is opened.
    """

    def __init__(self, chance: random.Random, opened: Callable[[], None]) -> None:
        self._chance = chance
        self._opened = opened
        self._left = 0
        self.number = 0
        self.cells: tuple[Cell, ...] = ()

    def next(self) -> tuple[str, tuple[Cell, ...]]:
        """Return the document of the next request, and its cells."""
        if self._left == 0:
            self.number += 1
            self._left = self._chance.randint(20, 60)
            self.cells = ()
            self._opened()
        self._left -= 1
        if self._left % 5 == 0:
            output = "\n".join(json.dumps({"row": row}) for row in range(5))
            self.cells = (*self.cells, Cell("code", self._chance.choice(_LINES), output))
        return f"notebook-{self.number}", self.cells


@contextmanager
def running_site(directory: Path, traits: dict[str, Any]) -> Iterator[Site]:
    """Yield a Jupyter server whose runtime is ready."""
    directory.mkdir(parents=True)
    with (
        jupyter_server(directory, traits, log=directory / "server.log") as server,
        httpx.Client(
            base_url=f"{server.url}/jupyter-safecoder",
            headers={"Authorization": f"Bearer {server.token}"},
            timeout=60,
            trust_env=False,
        ) as http,
    ):
        site = Site(directory, server.process.pid, http)
        site.wait_until_ready()
        yield site
