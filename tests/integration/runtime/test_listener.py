"""A socket or connection file that somebody deletes is made again; the model stays loaded."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from jupyter_safecoder.clients.connection import find_connections, read_connection
from jupyter_safecoder.clients.discovery import running_runtime
from jupyter_safecoder.clients.host import boot_id, host_name, start_time
from jupyter_safecoder.protocol import CompletionRequest, Done
from tests.support.processes import RuntimeProcess, until

pytestmark = pytest.mark.usefixtures("short_directory")
Start = Callable[..., RuntimeProcess]
LONG = "total = sum(values, weights, columns)"
SCRIPT = {"answers": [{"after": "slow", "text": LONG}], "otherwise": "pass", "token_ms": 60}
#: Within which a lost runtime is to be noticed.
NOTICED_S = 5.0


def _completes() -> bool:
    with running_runtime() as client:
        return client is not None and client.complete(CompletionRequest("x = ", "")).text == "pass"


def test_the_file_says_whose_it_is(start_runtime: Start) -> None:
    runtime = start_runtime(SCRIPT)
    ((path, connection),) = find_connections()
    assert path.name.startswith("safecoder-")
    assert (connection.host, connection.boot) == (host_name(), boot_id())
    assert connection.started == start_time(runtime.process.pid)
    assert connection == runtime.connection
    assert connection.is_here
    assert connection.is_running


def test_a_deleted_socket_is_made_again(start_runtime: Start) -> None:
    runtime = start_runtime(SCRIPT)
    runtime.client.wait_until_ready()
    ((path, old),) = find_connections()
    assert old.socket
    lines = runtime.client.events(CompletionRequest("slow", "", document="a"))
    next(lines)
    os.unlink(old.socket)
    until(lambda: (new := read_connection(path)) and new.socket != old.socket, NOTICED_S)
    assert _completes()
    # The request that was in progress is not interrupted.
    last = list(lines)[-1]
    assert isinstance(last, Done)
    assert last.text == LONG
    # The parent has the new address.
    assert runtime.process.stdout
    while "listening" not in (message := json.loads(runtime.process.stdout.readline())):
        pass
    new = read_connection(path)
    assert new is not None
    assert message["listening"]["socket"] == new.socket
    runtime.process.terminate()
    runtime.process.wait(5)
    assert not path.exists()
    assert not os.path.lexists(new.socket or "")


def test_a_deleted_connection_file_is_made_again(start_runtime: Start) -> None:
    runtime = start_runtime(SCRIPT)
    runtime.client.wait_until_ready()
    ((path, connection),) = find_connections()
    path.unlink()
    until(lambda: find_connections() == [(path, connection)], NOTICED_S)
    assert _completes()


def test_the_socket_of_another_runtime_at_its_path_stays(start_runtime: Start) -> None:
    runtime = start_runtime(SCRIPT)
    runtime.client.wait_until_ready()
    ((path, old),) = find_connections()
    assert old.socket
    os.unlink(old.socket)
    Path(old.socket).touch()
    until(lambda: (new := read_connection(path)) and new.socket != old.socket, NOTICED_S)
    runtime.process.terminate()
    runtime.process.wait(5)
    assert Path(old.socket).exists()


def test_a_deleted_directory_is_made_again(start_runtime: Start) -> None:
    runtime = start_runtime(SCRIPT)
    runtime.client.wait_until_ready()
    ((path, _),) = find_connections()
    for file in path.parent.iterdir():
        file.unlink()
    path.parent.rmdir()
    started = time.monotonic()
    until(lambda: path.exists(), NOTICED_S)
    assert time.monotonic() - started < NOTICED_S
    assert _completes()
