"""Runs an engine in a process of its own, ``workers/serve.py``, and sends it requests."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Timer
from typing import Any

from jupyter_safecoder.clients.huge_pages import huge_page_variables
from jupyter_safecoder.errors import SafeCoderError

_WORKERS = Path(__file__).with_name("workers")
#: Seconds after which a worker is killed, for all its requests together.
TIMEOUT_S = 600.0


class WorkerError(SafeCoderError):
    """The engine, or the process that it runs in, failed; the message is one sentence."""


@dataclass(frozen=True)
class Generated:
    """The tokens that an engine generated for a prompt.

    Parameters
    ----------
    ids
        Their ids.
    times_ms
        When each was generated, counted from the request.
    rss_mb
        Resident memory of the process after the last one, in 10^6 bytes.
    """

    ids: list[int]
    times_ms: list[float]
    rss_mb: float


class EngineWorker:
    """A loaded engine in another process.

    Parameters
    ----------
    process
        Runs ``workers/serve.py``.
    job
        What to load.

    Attributes
    ----------
    load_s
        Seconds that loading took, the imports included.
    weights_bytes
        Size of the weights as the engine loads them.

    Raises
    ------
    WorkerError
        If the engine cannot be loaded.
    """

    def __init__(self, process: subprocess.Popen[str], job: Mapping[str, Any]) -> None:
        self._process = process
        loaded = self._request(job)
        self.load_s = float(loaded["load_s"])
        self.weights_bytes = int(loaded["weights_bytes"])

    def generate(
        self, prompt: Sequence[int], max_tokens: int, stop_ids: Sequence[int] = ()
    ) -> Generated:
        """Return the tokens that the engine generates for a prompt.

        Parameters
        ----------
        prompt
            Token ids.
        max_tokens
            Maximum number of tokens to generate.
        stop_ids
            Token ids that end the answer.

        Raises
        ------
        WorkerError
            If the engine fails.
        """
        request = {"prompt": list(prompt), "max_tokens": max_tokens, "stop_ids": list(stop_ids)}
        return Generated(**self._request(request))

    def _request(self, content: Mapping[str, Any]) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with suppress(BrokenPipeError):  # the process has exited: reading finds that out
            self._process.stdin.write(json.dumps(content) + "\n")
            self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise WorkerError(_exit_message(self._process.wait()))
        response: dict[str, Any] = json.loads(line)
        if "error" in response:
            raise WorkerError(response["error"])
        return response


@contextmanager
def start_worker(
    name: str,
    job: Mapping[str, Any],
    log: Path,
    python: Path = Path(sys.executable),
    timeout_s: float = TIMEOUT_S,
) -> Iterator[EngineWorker]:
    """Yield a loaded engine in a process that is killed when the context ends.

    Parameters
    ----------
    name
        A module in the folder ``workers``.
    job
        Argument of its ``load``.
    log
        File for what the engine's libraries print.
    python
        Interpreter of the environment that the engine is installed in.
    timeout_s
        Seconds after which the process is killed.

    Raises
    ------
    WorkerError
        If the engine cannot be loaded.
    """
    command = [str(python), str(_WORKERS / "serve.py"), name]
    with (
        log.open("ab") as output,
        subprocess.Popen(  # noqa: S603
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=output,
            # The environment that our runtime starts with, for all engines.
            env={**os.environ, **huge_page_variables()},
            text=True,
            encoding="utf-8",
        ) as process,
    ):
        timer = Timer(timeout_s, process.kill)
        timer.start()
        try:
            yield EngineWorker(process, job)
        except WorkerError as error:
            if timer.finished.is_set():
                raise WorkerError(f"It was killed after {timeout_s:.0f} s.") from error
            raise
        finally:
            timer.cancel()
            process.kill()


def _exit_message(status: int) -> str:
    if status < 0:
        return f"Its process was killed by signal {-status}: perhaps it ran out of memory."
    return f"Its process exited with status {status}."
