"""What a Hub prepares for a service on its own host."""

from __future__ import annotations

import os
import pwd
import socket
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from jupyter_safecoder.hub import local_service
from jupyter_safecoder.hub.local_service import (
    default_socket,
    prepare_directory,
    reserve_port,
    service_account,
)
from tests.support.jupyter_server import free_port

OWN = pwd.getpwuid(os.getuid())
needs_root = pytest.mark.skipif(os.getuid() != 0, reason="only root can become another account")


def test_the_service_does_not_run_as_root() -> None:
    with pytest.raises(ValueError, match="useradd"):
        service_account("root", allow_root=False)
    if os.getuid() == 0:
        with pytest.raises(ValueError, match="this Hub runs as root"):
            service_account("", allow_root=False)
    assert service_account("", allow_root=True) == OWN
    with pytest.raises(ValueError, match="there is no account 'safecoder-absent'"):
        service_account("safecoder-absent", allow_root=False)


def test_accounts_other_than_the_hub_s_need_root() -> None:
    if os.getuid() == 0:
        assert service_account("nobody", allow_root=False).pw_name == "nobody"
    else:
        with pytest.raises(ValueError, match="only a Hub that runs as root"):
            service_account("nobody", allow_root=False)


def test_the_directory_of_a_socket(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "s.sock"
    old = os.umask(0o077)
    try:
        prepare_directory(path, OWN)
    finally:
        os.umask(old)
    for directory in (path.parent, path.parent.parent):
        assert stat.S_IMODE(directory.stat().st_mode) == 0o755
    prepare_directory(path, OWN)
    path.parent.chmod(0o777)
    with pytest.raises(ValueError, match="is writable for other accounts"):
        prepare_directory(path, OWN)
    with pytest.raises(ValueError, match="too long"):
        prepare_directory(tmp_path / ("x" * 120) / "s.sock", OWN)


def test_a_directory_that_cannot_be_created(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ValueError, match=r"cannot be created: .* with socket="):
        prepare_directory(tmp_path / "file" / "run" / "s.sock", OWN)


@needs_root
def test_the_directory_belongs_to_the_service_s_account(tmp_path: Path) -> None:
    path, nobody = tmp_path / "run" / "s.sock", pwd.getpwnam("nobody")
    for _ in range(2):
        prepare_directory(path, nobody)
        assert path.parent.stat().st_uid == nobody.pw_uid
        assert path.parent.parent.stat().st_uid == 0
    os.chown(path.parent, 1, -1)
    with pytest.raises(ValueError, match="does not belong to 'nobody'"):
        prepare_directory(path, nobody)


@needs_root
def test_a_directory_of_the_hub_is_not_given_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may have the database of the Hub."""
    nobody = pwd.getpwnam("nobody")
    with pytest.raises(ValueError, match="does not belong to 'nobody'"):
        prepare_directory(tmp_path / "s.sock", nobody)
    assert tmp_path.stat().st_uid == 0
    # The default one has sockets only: an earlier service may have run as root.
    monkeypatch.setattr(local_service, "_ROOT_DIRECTORY", tmp_path)
    (tmp_path / "8765").mkdir()
    prepare_directory(default_socket(nobody, 8765), nobody)
    assert (tmp_path / "8765").stat().st_uid == nobody.pw_uid


def test_the_default_socket_differs_for_each_port() -> None:
    paths = {default_socket(OWN, port) for port in (8765, 8766)}
    assert len(paths) == 2
    assert all(len(os.fsencode(path)) < 100 for path in paths)


@pytest.fixture
def port(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """Return a free port; it is released after the test."""
    monkeypatch.setattr(
        local_service, "_RESERVED", reserved := dict[tuple[str, int], socket.socket]()
    )
    yield free_port()
    for one in reserved.values():
        one.close()


def _listens(port: int, *options: int) -> bool:
    with socket.socket() as other:
        for option in options:
            other.setsockopt(socket.SOL_SOCKET, option, 1)
        try:
            other.bind(("127.0.0.1", port))
            other.listen()
        except OSError:
            return False
        return True


def test_a_reserved_port_is_the_service_s(port: int) -> None:
    reserve_port("127.0.0.1", port, OWN)
    reserve_port("127.0.0.1", port, OWN)
    assert not _listens(port)
    assert not _listens(port, socket.SO_REUSEADDR)
    # As the service listens.
    assert _listens(port, socket.SO_REUSEADDR, socket.SO_REUSEPORT)
    assert not _listens(port, socket.SO_REUSEADDR)


def test_a_port_that_another_program_has(port: int) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", port))
        other.listen()
        with pytest.raises(ValueError, match=f"port {port} of 127.0.0.1 cannot be kept"):
            reserve_port("127.0.0.1", port, OWN)


@needs_root
def test_no_other_account_listens_at_a_reserved_port(port: int) -> None:
    reserve_port("127.0.0.1", port, pwd.getpwnam("nobody"))
    every = (socket.SO_REUSEADDR, socket.SO_REUSEPORT)

    def as_account(uid: int) -> bool:
        """Return whether an account can listen, in any of the ways there are."""
        child = os.fork()
        if child == 0:
            os.setuid(uid)
            listens = any(_listens(port, *options) for options in ((), every[:1], every[1:], every))
            os._exit(int(listens))
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 1

    for _ in range(2):
        assert not as_account(1)
        assert as_account(pwd.getpwnam("nobody").pw_uid)
