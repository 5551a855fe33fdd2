"""Connection files: for their owner only, found in order, deleted with their process."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from jupyter_safecoder.clients.connection import (
    Connection,
    connection_directory,
    find_connections,
    read_connection,
    socket_path,
    write_connection,
)


@pytest.fixture
def dead_pid() -> int:
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    return process.pid


def _write(name: str, connection: Connection, age_s: float = 0) -> Path:
    path = connection_directory() / f"safecoder-{name}.json"
    write_connection(path, connection)
    changed = path.stat().st_mtime - age_s
    os.utime(path, (changed, changed))
    return path


def test_a_file_is_written_completely_and_for_its_owner_only() -> None:
    connection = Connection("token", os.getpid(), socket="/s", parent=5)
    path = _write("1", connection)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert read_connection(path) == connection
    assert [p.name for p in path.parent.iterdir()] == ["safecoder-1.json"]


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"token": 1}', "\x00"])
def test_foreign_connection_files_are_left_alone(content: str) -> None:
    path = connection_directory() / "safecoder-1.json"
    path.write_text(content)
    path.chmod(0o600)
    assert find_connections() == []
    assert path.exists()


def test_a_file_that_others_can_read_is_not_trusted() -> None:
    path = _write("1", Connection("token", os.getpid()))
    path.chmod(0o644)
    assert find_connections() == []


def test_the_own_server_s_runtime_is_first_then_the_newest(monkeypatch: pytest.MonkeyPatch) -> None:
    _write("old", Connection("old", os.getpid()), age_s=20)
    _write("new", Connection("new", os.getpid()))
    _write("own", Connection("own", os.getpid(), parent=77), age_s=10)
    assert [c.token for _, c in find_connections()] == ["new", "own", "old"]
    monkeypatch.setenv("JPY_PARENT_PID", "77")
    assert [c.token for _, c in find_connections()] == ["own", "new", "old"]


def test_the_files_of_a_dead_process_are_deleted(tmp_path: Path, dead_pid: int) -> None:
    socket = tmp_path / "socket"
    socket.touch()
    path = _write("1", Connection("token", dead_pid, socket=str(socket)))
    assert find_connections() == []
    assert not path.exists()
    assert not socket.exists()


def test_a_directory_that_cannot_be_made_is_replaced_by_a_private_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path / "file" / "runtime"))
    directory = connection_directory()
    assert directory.is_relative_to(tmp_path / "tmp")
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700


def test_another_user_s_private_directory_is_not_trusted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "theirs"
    target.mkdir()
    (tmp_path / "tmp" / f"safecoder-{os.getuid()}").symlink_to(target)
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path / ("d" * 120)))
    assert find_connections() == []
    with pytest.raises(OSError, match="belongs to another user"):
        socket_path(tmp_path / ("d" * 120), "name")


def test_a_socket_s_path_is_short_enough_for_the_system(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    long = tmp_path / ("d" * 120)
    long.mkdir()
    assert socket_path(Path("/run"), "name") == Path("/run/name.sock")
    with tempfile.TemporaryDirectory(dir="/tmp") as short:
        monkeypatch.setattr(tempfile, "tempdir", short)
        path = socket_path(long, "n" * 60)
        assert path is not None
        assert path.is_relative_to(short)
        assert path.name == "n" * 32 + ".sock"
    monkeypatch.setattr(tempfile, "tempdir", str(long))
    assert socket_path(long, "name") is None


@pytest.mark.parametrize(
    ("connection", "url"),
    [
        (Connection("t", 1, socket="/s"), "http://safecoder"),
        (Connection("t", 1, port=8000), "http://127.0.0.1:8000"),
    ],
)
def test_urls(connection: Connection, url: str) -> None:
    assert connection.base_url == url
    assert Connection.from_json(connection.to_json()) == connection
