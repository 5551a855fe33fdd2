"""Connection files: for their owner only, found in order, deleted with their process."""

from __future__ import annotations

import json
import os
import socket
import stat
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from jupyter_safecoder.clients.connection import (
    Connection,
    connection_directory,
    connection_name,
    find_connections,
    read_connection,
    socket_path,
    write_connection,
)
from jupyter_safecoder.clients.host import start_time


@pytest.fixture
def dead_pid() -> int:
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    return process.pid


def _directory() -> Path:
    directory = connection_directory()
    assert directory is not None
    return directory


def _write(name: str, connection: Connection, age_s: float = 0) -> Path:
    path = _directory() / f"safecoder-{name}.json"
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


_UNSOUND: list[dict[str, Any]] = [
    *({"pid": pid} for pid in ("1", 0, -1, 1.5, True, None, 2**31, 10**400)),
    *({"port": port} for port in ("1", 0, 65536, -5)),
    *({"token": token} for token in ("", "a\nb", "é", None, ["t"])),
    *({"socket": path} for path in (7, "a\0b", "\ud800")),
    *({"host": None}, {"boot": 5}, {"started": "x"}, {"parent": []}, {"other": 1}),
]


@pytest.mark.parametrize(
    "content",
    [
        *("", "[]", "{}", '{"token": 1}', "\x00", "[" * 5000),
        *(json.dumps({"token": "t", "pid": 1, **changes}) for changes in _UNSOUND),
    ],
)
def test_foreign_connection_files_are_left_alone(content: str) -> None:
    path = _directory() / "safecoder-1.json"
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
    path = _write("1", Connection("token", dead_pid, socket=str(_bound(tmp_path / "socket"))))
    assert find_connections() == []
    assert not path.exists()
    assert not (tmp_path / "socket").exists()


def test_only_a_socket_is_deleted_with_its_connection_file(tmp_path: Path, dead_pid: int) -> None:
    (tmp_path / "notebook").write_text("not a socket")
    for name in ("notebook", "no such file"):
        _write("1", Connection("token", dead_pid, socket=str(tmp_path / name)))
        assert find_connections() == []
    assert (tmp_path / "notebook").read_text() == "not a socket"


@pytest.mark.parametrize("changes", [{"host": "other"}, {"boot": "other"}, {"host": ""}])
def test_files_of_other_hosts_are_left_alone(
    tmp_path: Path, dead_pid: int, changes: dict[str, Any]
) -> None:
    """One home on several hosts: here the process id of another one says nothing."""
    socket = _bound(tmp_path / "socket")
    connection = replace(Connection("token", dead_pid, socket=str(socket)), **changes)
    path = _write("1", connection)
    assert find_connections() == []
    assert path.exists()
    assert socket.exists()
    # Even if a process of this host has that id.
    path = _write("1", replace(connection, pid=os.getpid()))
    assert len(find_connections()) == (changes == {"host": ""})
    assert path.exists()


def test_a_process_id_that_another_process_has_got_since(tmp_path: Path) -> None:
    started = start_time(os.getpid())
    assert started is not None
    path = _write("1", Connection("token", os.getpid(), started=started))
    assert [c.token for _, c in find_connections()] == ["token"]
    _write("1", Connection("token", os.getpid(), started=started - 1))
    assert find_connections() == []
    assert not path.exists()


def test_a_file_of_an_earlier_version_is_used_and_never_deleted(dead_pid: int) -> None:
    path = _directory() / "safecoder-1.json"
    for pid, found in ((os.getpid(), ["token"]), (dead_pid, [])):
        old = {"token": "token", "pid": pid, "socket": "/s", "port": None, "parent": None}
        path.write_text(json.dumps(old))
        path.chmod(0o600)
        assert [c.token for _, c in find_connections()] == found
        assert path.exists()


def test_names_of_two_hosts_differ(monkeypatch: pytest.MonkeyPatch) -> None:
    here = connection_name()
    assert here == connection_name()
    assert connection_name("7").endswith("-7")
    monkeypatch.setattr("jupyter_safecoder.clients.connection.host_tag", lambda: "other")
    assert connection_name() != here


def _bound(path: Path) -> Path:
    """Make a socket that nobody listens at."""
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind(str(path))
    return path


def test_a_directory_that_cannot_be_made_is_replaced_by_a_private_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path / "file" / "runtime"))
    directory = _directory()
    assert directory.is_relative_to(tmp_path / "tmp")
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700


def _foreign_directory(path: Path, kind: str) -> None:
    """Put in place of a directory what another user could have put there."""
    if kind == "link":
        (path.parent.parent / "theirs").mkdir()
        path.symlink_to(path.parent.parent / "theirs")
    elif kind == "file":
        path.touch()
    else:
        path.mkdir(mode=0o777)
        os.chown(path, 54321, -1)


_KINDS = [
    "link",
    "file",
    pytest.param("owned", marks=pytest.mark.skipif(os.getuid() != 0, reason="chown needs root")),
]


@pytest.mark.parametrize("kind", _KINDS)
def test_another_user_has_taken_the_name_of_the_private_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """A directory of a random name is taken, found by other programs, and used again."""
    name = f"safecoder-{os.getuid()}"
    _foreign_directory(tmp_path / "tmp" / name, kind)
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path / ("d" * 120)))
    assert find_connections() == []
    with tempfile.TemporaryDirectory(dir="/tmp") as short:
        monkeypatch.setattr(tempfile, "tempdir", f"{short}/tmp")
        Path(short, "tmp").mkdir()
        _foreign_directory(Path(short, "tmp", name), kind)
        path = socket_path(tmp_path / ("d" * 120), "name")
        assert path is not None
        assert path.parent.name.startswith(f"{name}-")
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
        assert socket_path(tmp_path / ("d" * 120), "name") == path
        write_connection(path.parent / "safecoder-1.json", Connection("token", os.getpid()))
        assert [connection.token for _, connection in find_connections()] == ["token"]


@pytest.mark.skipif(os.getuid() != 0, reason="chown needs root")
@pytest.mark.parametrize(("owner", "mode"), [(54321, 0o777), (0, 0o777), (0, 0o720)])
def test_a_runtime_directory_that_others_can_write(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, owner: int, mode: int
) -> None:
    """Its owner could put a socket of their own in place of the runtime's."""
    directory = tmp_path / "shared"
    directory.mkdir()
    directory.chmod(mode)
    os.chown(directory, owner, -1)
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(directory))
    assert _directory() == tmp_path / "tmp" / f"safecoder-{os.getuid()}"


def test_no_directory_can_be_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "file"
    file.touch()
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(file / "runtime"))
    monkeypatch.setattr(tempfile, "tempdir", str(file))
    assert connection_directory() is None
    assert socket_path(None, "name") is None
    assert socket_path(file / ("d" * 120), "name") is None
    assert find_connections() == []


def test_a_connection_file_that_is_a_pipe_is_left_alone() -> None:
    os.mkfifo(_directory() / "safecoder-1.json", 0o600)
    assert find_connections() == []


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
