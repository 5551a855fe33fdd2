"""The supervisor of the runtime process, with a child that a test writes."""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import Callable, Coroutine
from dataclasses import asdict
from pathlib import Path
from typing import Any

import psutil
import pytest

from jupyter_safecoder.clients import supervisor as module
from jupyter_safecoder.clients.connection import Connection
from jupyter_safecoder.clients.supervisor import Supervisor
from jupyter_safecoder.settings import RuntimeSettings

CHILD = """
import os, sys, time
from jupyter_safecoder.child_process import message_sender, read_job, stop_with_parent
job = read_job()
stop_with_parent()
send = message_sender()
runs = os.path.join(os.path.dirname(__file__), "runs")
open(runs, "a").write("x")
{body}
"""
LISTENING = 'send({"listening": ' + repr(asdict(Connection("token", 1, port=5))) + "})\n"
MEMORY = {"model": "m", "need_bytes": 2e9, "free_bytes": 3e9}


@pytest.fixture
def supervise(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Return a function that runs a test with the supervisor of a child."""
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setattr(module, "RUNTIME_MODULE", "runtime_of_test")
    monkeypatch.setattr(module, "_BACKOFF_S", (0.01, 0.01))

    def run(body: str, test: Callable[[Supervisor], Coroutine[Any, Any, None]]) -> int:
        (tmp_path / "runtime_of_test.py").write_text(CHILD.replace("{body}", body))

        async def main() -> None:
            supervisor = Supervisor(RuntimeSettings("model"), logging.getLogger("test"))
            assert supervisor.status.state == "off"
            supervisor.start()
            try:
                await asyncio.wait_for(test(supervisor), 30)
            finally:
                await supervisor.stop()
            assert supervisor.status.state == "off"
            assert supervisor.connection is None

        asyncio.run(main())
        return len((tmp_path / "runs").read_text())

    return run


async def _until(condition: Callable[[], object]) -> None:
    while not condition():
        await asyncio.sleep(0.01)


def test_a_process_that_listens_has_a_connection(supervise: Callable[..., int]) -> None:
    async def test(supervisor: Supervisor) -> None:
        await _until(lambda: supervisor.connection)
        assert supervisor.connection == Connection("token", 1, port=5)
        assert supervisor.running
        supervisor.start()  # changes nothing

    others = psutil.Process().children()
    assert supervise(f"{LISTENING}time.sleep(60)", test) == 1
    assert psutil.Process().children() == others


def test_a_process_that_dies_restarts_until_it_is_given_up(supervise: Callable[..., int]) -> None:
    async def test(supervisor: Supervisor) -> None:
        await _until(lambda: supervisor.status.state == "failed")
        assert "died 3 times in a row (exit status 7)" in supervisor.status.reason
        assert supervisor.status.remedy
        assert not supervisor.running

    assert supervise("sys.exit(7)", test) == 3


def test_a_process_that_dies_while_it_loads_is_given_up_at_once(
    supervise: Callable[..., int],
) -> None:
    async def test(supervisor: Supervisor) -> None:
        await _until(lambda: supervisor.status.state == "failed")
        reason = supervisor.status.reason
        assert "died while it loaded m (signal 9)" in reason
        assert "take 2.0 GB, and 3.0 GB of memory were free" in reason

    assert supervise(f"send({{'loading': {MEMORY}}})\nos.kill(os.getpid(), 9)", test) == 1


def test_a_process_that_has_loaded_restarts(supervise: Callable[..., int]) -> None:
    async def test(supervisor: Supervisor) -> None:
        await _until(lambda: supervisor.status.state == "failed")
        assert "in a row" in supervisor.status.reason

    body = f"send({{'loading': {MEMORY}}})\nsend({{'loading': None}})\nsys.exit(70)"
    assert supervise(body, test) == 3


def test_a_runtime_whose_socket_was_deleted_is_started_again(
    supervise: Callable[..., int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_CHECK_S", 0.02)
    socket = tmp_path / "socket"

    async def test(supervisor: Supervisor) -> None:
        await _until(lambda: supervisor.connection)
        socket.touch()
        await asyncio.sleep(0.2)
        assert supervisor.connection
        socket.unlink()
        await _until(lambda: supervisor.connection is None)
        socket.touch()
        await _until(lambda: supervisor.connection)

    connection = asdict(Connection("token", 1, socket=str(socket)))
    socket.touch()
    assert supervise(f"send({{'listening': {connection}}})\ntime.sleep(60)", test) == 2


def test_a_runtime_that_listens_elsewhere_is_not_started_again(
    supervise: Callable[..., int],
) -> None:
    async def test(supervisor: Supervisor) -> None:
        await _until(lambda: supervisor.connection and supervisor.connection.port == 6)

    again = LISTENING.replace("'port': 5", "'port': 6")
    assert again != LISTENING
    assert supervise(f"{LISTENING}{again}time.sleep(60)", test) == 1


def test_windows_is_not_supported(monkeypatch: pytest.MonkeyPatch) -> None:
    async def test() -> None:
        supervisor = Supervisor(RuntimeSettings("model"), logging.getLogger("test"))
        monkeypatch.setattr(sys, "platform", "win32")
        supervisor.start()
        monkeypatch.undo()
        assert not supervisor.running
        assert supervisor.status.state == "failed"
        assert "not supported on Windows" in supervisor.status.reason
        assert "JupyterHub" in supervisor.status.remedy

    asyncio.run(test())


def test_an_unknown_failure_has_a_reason(
    supervise: Callable[..., int], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Such as an event loop that cannot start processes; the state was "starting" for ever."""

    def fail(*arguments: object, **options: object) -> None:
        raise NotImplementedError

    async def test(supervisor: Supervisor) -> None:
        await _until(lambda: supervisor.status.state == "failed")
        assert "could not be started (NotImplementedError)" in supervisor.status.reason
        assert supervisor.status.remedy

    (tmp_path / "runs").touch()
    monkeypatch.setattr(module, "async_child_process", fail)
    assert supervise("", test) == 0


def test_a_restart_replaces_the_process(supervise: Callable[..., int]) -> None:
    async def test(supervisor: Supervisor) -> None:
        await _until(lambda: supervisor.connection)
        await supervisor.restart()
        assert supervisor.connection is None
        assert supervisor.status.state == "starting"
        await _until(lambda: supervisor.connection)

    assert supervise(f"{LISTENING}time.sleep(60)", test) == 2
