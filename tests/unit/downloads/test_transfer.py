"""A file appears complete and verified, or not at all; what was received is used again."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from jupyter_safecoder.downloads.package_index import http_client
from jupyter_safecoder.downloads.transfer import Announced, OpenResponse, transfer
from jupyter_safecoder.errors import DownloadError, ModelError
from tests.support.file_server import FileServer, file_server
from tests.support.full_disk import files_of_at_most

CONTENT = bytes(range(256)) * 12_000
SHA256 = hashlib.sha256(CONTENT).hexdigest()
ANNOUNCED = Announced("the file", len(CONTENT), SHA256)


@pytest.fixture
def server() -> Iterator[FileServer]:
    with file_server() as server:
        server.files["/file"] = CONTENT
        yield server


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    with http_client({}, follow_redirects=False) as client:
        yield client


@pytest.fixture
def open_response(server: FileServer, client: Any) -> OpenResponse:
    return lambda headers: client.stream("GET", f"{server.url}/file", headers=headers)


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "files" / "file"


def _partial(target: Path) -> Path:
    return target.with_name("file.part")


def _refused(run: Callable[[], None], target: Path, error: type[ModelError]) -> ModelError:
    with pytest.raises(error) as raised:
        run()
    assert not target.exists()
    assert raised.value.remedy
    return raised.value


def test_a_file_is_transferred(open_response: OpenResponse, target: Path) -> None:
    received: list[int] = []
    transfer(open_response, ANNOUNCED, target, _partial(target), received.append)
    assert target.read_bytes() == CONTENT
    assert received == sorted(received)
    assert received[-1] == len(CONTENT)
    assert [path.name for path in target.parent.iterdir()] == ["file"]


@pytest.mark.parametrize("ranges", [True, False])
def test_it_is_continued(
    server: FileServer, open_response: OpenResponse, target: Path, ranges: bool
) -> None:
    server.ranges = ranges
    target.parent.mkdir()
    _partial(target).write_bytes(CONTENT[:1000])
    transfer(open_response, ANNOUNCED, target, _partial(target))
    assert target.read_bytes() == CONTENT
    assert server.ranges_of("/file") == ["bytes=1000-"]


def test_a_whole_file_is_not_requested_again(
    server: FileServer, open_response: OpenResponse, target: Path
) -> None:
    target.parent.mkdir()
    _partial(target).write_bytes(CONTENT)
    transfer(open_response, ANNOUNCED, target, _partial(target))
    assert target.read_bytes() == CONTENT
    assert server.requests == []


def test_a_whole_file_of_unknown_size(open_response: OpenResponse, target: Path) -> None:
    target.parent.mkdir()
    _partial(target).write_bytes(CONTENT)
    transfer(open_response, Announced("the file", None, SHA256, 10**7), target, _partial(target))
    assert target.read_bytes() == CONTENT


def test_a_beginning_that_was_damaged_is_deleted(open_response: OpenResponse, target: Path) -> None:
    target.parent.mkdir()
    _partial(target).write_bytes(b"\xff" + CONTENT[1:1000])
    run = partial(transfer, open_response, ANNOUNCED, target, _partial(target))
    assert "its SHA-256 differs" in _refused(run, target, DownloadError).reason
    run()
    assert target.read_bytes() == CONTENT


def test_a_flipped_bit(server: FileServer, open_response: OpenResponse, target: Path) -> None:
    server.files["/file"] = CONTENT[:5000] + bytes([CONTENT[5000] ^ 1]) + CONTENT[5001:]
    run = partial(transfer, open_response, ANNOUNCED, target, _partial(target))
    assert "its SHA-256 differs" in _refused(run, target, DownloadError).reason
    assert list(target.parent.iterdir()) == []


@pytest.mark.parametrize("announced", [ANNOUNCED, Announced("the file", None, SHA256, 3_072_000)])
def test_a_file_that_is_too_long_is_not_received(
    server: FileServer, open_response: OpenResponse, target: Path, announced: Announced
) -> None:
    server.files["/file"] = CONTENT * 20
    received: list[int] = []
    run = partial(transfer, open_response, announced, target, _partial(target), received.append)
    assert "larger than 3,072,000 bytes" in _refused(run, target, DownloadError).reason
    assert max(received) <= len(CONTENT)
    assert _partial(target).stat().st_size == 0


def test_a_file_that_is_too_short_is_kept_so_far(
    server: FileServer, open_response: OpenResponse, target: Path
) -> None:
    server.files["/file"] = CONTENT[:2000]
    run = partial(transfer, open_response, ANNOUNCED, target, _partial(target))
    assert "continues from there" in _refused(run, target, DownloadError).remedy
    server.files["/file"] = CONTENT
    run()
    assert target.read_bytes() == CONTENT
    assert server.ranges_of("/file") == ["", "bytes=2000-"]


def test_an_answer_from_another_offset(
    server: FileServer, open_response: OpenResponse, target: Path
) -> None:
    target.parent.mkdir()
    _partial(target).write_bytes(CONTENT[:1000])

    def shifted(headers: Any) -> Any:
        return open_response({**headers, "Range": "bytes=1001-"})

    run = partial(transfer, shifted, ANNOUNCED, target, _partial(target))
    assert "the status 206" in _refused(run, target, DownloadError).reason


def test_an_error_status(server: FileServer, open_response: OpenResponse, target: Path) -> None:
    server.status = 503
    run = partial(transfer, open_response, ANNOUNCED, target, _partial(target))
    assert "the status 503" in _refused(run, target, DownloadError).reason


def test_a_full_disk(open_response: OpenResponse, target: Path) -> None:
    run = partial(transfer, open_response, ANNOUNCED, target, _partial(target))
    with files_of_at_most(100_000):
        error = _refused(run, target, ModelError)
    assert not isinstance(error, DownloadError)
    assert "The disk is full" in error.reason
    run()
    assert target.read_bytes() == CONTENT


def test_a_directory_that_cannot_be_written(open_response: OpenResponse, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    run = partial(transfer, open_response, ANNOUNCED, tmp_path / "file" / "x", tmp_path / "x")
    with pytest.raises(ModelError, match="cannot be written"):
        run()
