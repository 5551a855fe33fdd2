"""The other side of ``workers/serve.py``: an engine in a process of its own, asked by lines."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Timer
from typing import Any

from jupyter_safecoder.clients.huge_pages import huge_page_environment
from jupyter_safecoder.errors import SafeCoderError

_WORKERS = Path(__file__).with_name("workers")
#: An engine that takes longer for all that it is asked is given up.
ROW_S = 600.0


class WorkerError(SafeCoderError):
    """The engine, or the process it runs in, failed; the message says how, in a sentence."""


@dataclass(frozen=True)
class Generated:
    """The answer to a request.

    ``times_ms`` tells when each token came, from the request on; ``rss_mb`` (10^6 bytes) is what
    the process held in memory when the last one had come.
    """

    ids: list[int]
    times_ms: list[float]
    rss_mb: float


class Driver:
    """An engine that is loaded; ``load_s`` from the first import on, ``weights_bytes`` its own."""

    def __init__(self, process: subprocess.Popen[str], job: Mapping[str, Any]) -> None:
        self._process = process
        loaded = self._ask(job)
        self.load_s = float(loaded["load_s"])
        self.weights_bytes = int(loaded["weights_bytes"])

    def generate(self, prompt: Sequence[int], tokens: int, ends: Sequence[int] = ()) -> Generated:
        """Return what the engine writes behind a prompt, ``tokens`` at most.

        Raises
        ------
        WorkerError
            If the engine fails.
        """
        request = {"prompt": list(prompt), "tokens": tokens, "ends": list(ends)}
        return Generated(**self._ask(request))

    def _ask(self, content: Mapping[str, Any]) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with suppress(BrokenPipeError):  # it ended: the next line tells
            self._process.stdin.write(json.dumps(content) + "\n")
            self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise WorkerError(_end(self._process.wait()))
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise WorkerError(answer["error"])
        return answer


@contextmanager
def driver(
    name: str,
    job: Mapping[str, Any],
    log: Path,
    python: Path = Path(sys.executable),
    most_s: float = ROW_S,
) -> Iterator[Driver]:
    """Yield an engine that is loaded in a process, which lives as long as the context.

    Parameters
    ----------
    name
        A module in the folder ``workers``.
    job
        What its ``load`` takes.
    log
        Gets what the engine's libraries print.
    python
        Of the environment that the engine is installed in.
    most_s
        Seconds after which the process is ended.

    Raises
    ------
    WorkerError
        If the engine cannot be loaded.
    """
    # The folder itself is where Python looks for modules first: beside this file it would take
    # typing.py and statistics.py for those of the standard library.
    command = [str(python), str(_WORKERS / "serve.py"), name]
    with (
        log.open("ab") as output,
        subprocess.Popen(  # noqa: S603
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=output,
            # As the runtime starts; peers get the same.
            env=huge_page_environment(),
            text=True,
            encoding="utf-8",
        ) as process,
    ):
        too_late = Timer(most_s, process.kill)
        too_late.start()
        try:
            yield Driver(process, job)
        except WorkerError as problem:
            if too_late.finished.is_set():
                raise WorkerError(f"It was ended after {most_s:.0f} s.") from problem
            raise
        finally:
            too_late.cancel()
            process.kill()


def _end(status: int) -> str:
    if status < 0:
        return f"Its process was ended by signal {-status}: perhaps memory ran out."
    return f"Its process ended with status {status}."
