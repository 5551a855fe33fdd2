"""Sockets that another account can have made get no token."""

from __future__ import annotations

import os
import socket
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from jupyter_safecoder.clients.socket_trust import check_directory, check_socket
from jupyter_safecoder.errors import UntrustedSocket

OTHER_UID = 65_534
needs_root = pytest.mark.skipif(os.getuid() != 0, reason="only root can change owners")


@pytest.fixture
def path(tmp_path: Path) -> Iterator[Path]:
    """Listen at a socket in a directory of its own."""
    directory = tmp_path / "run"
    directory.mkdir(mode=0o755)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(directory / "s"))
        yield directory / "s"


def test_a_socket_in_a_directory_of_this_account(path: Path) -> None:
    check_socket(path)


@pytest.mark.parametrize("mode", [0o777, 0o775, 0o757, 0o1777])
def test_a_directory_that_others_can_write_to(path: Path, mode: int) -> None:
    path.parent.chmod(mode)
    with pytest.raises(UntrustedSocket, match="run is writable for other accounts"):
        check_socket(path)


def test_a_directory_above_that_others_can_write_to(path: Path) -> None:
    """They could move the whole directory away, and make another."""
    path.parent.parent.chmod(0o777)
    with pytest.raises(UntrustedSocket, match="is writable for other accounts"):
        check_socket(path)


def test_what_is_no_socket(path: Path) -> None:
    for name in ("file", "link"):
        other = path.parent / name
        if name == "file":
            other.touch()
        else:
            other.symlink_to(path)
        with pytest.raises(UntrustedSocket, match="is not a socket"):
            check_socket(other)
    with pytest.raises(UntrustedSocket, match="does not answer"):
        check_socket(path.parent / "absent")


def test_links_in_the_path_are_not_followed(path: Path) -> None:
    (link := path.parent.parent / "link").symlink_to(path.parent)
    with pytest.raises(UntrustedSocket, match="is not a directory"):
        check_socket(link / path.name)
    for odd in (Path("run/s"), path.parent / ".." / "run" / "s"):
        with pytest.raises(UntrustedSocket, match="is not an absolute path"):
            check_socket(odd)


@needs_root
def test_a_directory_that_its_owner_was_given(path: Path) -> None:
    """Root made it in a directory of its own, for the account of the service."""
    os.chown(path.parent, OTHER_UID, -1)
    os.chown(path, OTHER_UID, -1)
    check_socket(path)


@needs_root
def test_a_directory_that_another_account_made_where_all_may(path: Path) -> None:
    path.parent.parent.chmod(0o1777)
    check_directory(path.parent)
    os.chown(path.parent, OTHER_UID, -1)
    with pytest.raises(UntrustedSocket, match="run belongs to another account"):
        check_directory(path.parent)


@needs_root
def test_a_socket_of_another_account(path: Path) -> None:
    os.chown(path, OTHER_UID, -1)
    with pytest.raises(UntrustedSocket, match="belongs to another account than its directory"):
        check_socket(path)
    assert stat.S_ISSOCK(path.stat().st_mode)
