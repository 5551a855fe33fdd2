"""Finds the runtime to ask: the Hub's service, a running one of this user, or a new process."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from jupyter_safecoder.errors import RuntimeRequestError
from jupyter_safecoder.settings import RuntimeSettings

from .connection import Connection, find_connections
from .hub_client import service_client
from .huge_pages import huge_page_environment
from .runtime_client import RuntimeClient


@contextmanager
def running_runtime() -> Iterator[RuntimeClient | None]:
    """Yield a client of the Hub's service, if this is a Hub's; else of this user's newest runtime.

    ``None`` where there is neither.
    """
    if (service := service_client()) is not None:
        with service:
            yield service
        return
    for _, connection in find_connections():
        with RuntimeClient(connection) as client:
            try:
                state = client.status().state
            except RuntimeRequestError:
                continue
            if state != "failed":
                yield client
                return
    yield None


@contextmanager
def own_runtime(settings: RuntimeSettings) -> Iterator[RuntimeClient]:
    """Yield a client of a runtime process that lives as long as the context.

    Raises
    ------
    RuntimeRequestError
        If the process does not start.
    """
    with _process(settings) as (_, connection), RuntimeClient(connection) as client:
        yield client


@contextmanager
def _process(
    settings: RuntimeSettings,
) -> Iterator[tuple[subprocess.Popen[bytes], Connection]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "jupyter_safecoder.runtime"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=huge_page_environment(),
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        with suppress(BrokenPipeError):  # it ended at once: the next line tells
            process.stdin.write(settings.to_json())
            process.stdin.flush()
        connection = Connection.from_json(process.stdout.readline())
        if connection is None:
            raise RuntimeRequestError(
                "The runtime process did not start.", "Its message above tells why."
            )
        yield process, connection
    finally:
        with suppress(BrokenPipeError):
            process.stdin.close()
        try:
            process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()
