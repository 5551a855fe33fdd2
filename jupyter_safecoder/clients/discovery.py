"""Finds a runtime: the Hub's service, a running process of this user, or a new process."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict

from jupyter_safecoder.child_process import child_process
from jupyter_safecoder.errors import RuntimeRequestError
from jupyter_safecoder.settings import RuntimeSettings

from .completion_client import CompletionClient
from .connection import RUNTIME_MODULE, Connection, find_connections
from .host import check_platform
from .hub_client import hub_client
from .huge_pages import huge_page_variables
from .runtime_client import RuntimeClient


@contextmanager
def running_runtime() -> Iterator[CompletionClient | None]:
    """Yield a client of the Hub's service on a JupyterHub, else of this user's newest runtime.

    If there is neither, yield ``None``.
    """
    if (service := hub_client()) is not None:
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


def running_settings() -> RuntimeSettings:
    """Return the settings of this user's runtime, the defaults if none runs.

    Raises
    ------
    RuntimeRequestError
        If it does not respond.
    """
    with running_runtime() as client:
        return client.settings() if client is not None else RuntimeSettings()


@contextmanager
def own_runtime(settings: RuntimeSettings) -> Iterator[RuntimeClient]:
    """Yield a client of a new runtime process, which is stopped with the context.

    Parameters
    ----------
    settings
        The settings of the runtime.

    Raises
    ------
    RuntimeRequestError
        If the process does not start, or cannot run on this system.
    """
    check_platform()
    job = asdict(settings)
    with child_process(RUNTIME_MODULE, job, environment=huge_page_variables()) as child:
        message = child.first_message()
        if message is None:
            raise RuntimeRequestError(
                "The runtime process did not start.", "The reason is in the message above."
            )
        with RuntimeClient(Connection(**message["listening"])) as client:
            yield client
