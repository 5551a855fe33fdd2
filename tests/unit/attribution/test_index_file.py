"""A file of an index is read as it was written, or refused with a sentence."""

from __future__ import annotations

import stat
from pathlib import Path

import numpy as np
import pytest

from jupyter_safecoder.attribution.index_file import open_index, verify, write_index
from jupyter_safecoder.errors import UnusableIndex

ARRAYS = {
    "a": np.arange(5, dtype=np.uint8),
    "b": np.arange(7, dtype="<u4"),
    "c": np.arange(3, dtype="<u8"),
    "d": np.empty(0, np.uint8),
}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "a.attribution"
    write_index(file, {"name": "ours"}, ARRAYS)
    return file


def test_what_was_written_is_read(path: Path) -> None:
    file = open_index(path)
    verify(file)
    assert file.facts == {"name": "ours"}
    assert {name: array.tolist() for name, array in file.arrays.items()} == {
        name: array.tolist() for name, array in ARRAYS.items()
    }


def test_it_is_for_its_owner_only(path: Path) -> None:
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_the_same_content_makes_the_same_file(path: Path, tmp_path: Path) -> None:
    write_index(tmp_path / "b.attribution", {"name": "ours"}, ARRAYS)
    assert (tmp_path / "b.attribution").read_bytes() == path.read_bytes()


@pytest.mark.parametrize("size", [0, 7, 47, 48, 100, -8, -1])
def test_a_file_that_was_cut_off(path: Path, size: int) -> None:
    path.write_bytes(path.read_bytes()[:size])
    with pytest.raises(UnusableIndex, match=r"index|cut off|damaged") as error:
        verify(open_index(path))
    assert "attribution build" in error.value.remedy


def test_an_altered_header(path: Path) -> None:
    path.write_bytes(path.read_bytes().replace(b"ours", b"OURS"))
    with pytest.raises(UnusableIndex, match="header has another hash"):
        open_index(path)


def test_altered_arrays(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-1] ^= 255
    path.write_bytes(content)
    with pytest.raises(UnusableIndex, match="content has another hash"):
        verify(open_index(path))


def test_another_version(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[8] = 9
    path.write_bytes(content)
    with pytest.raises(UnusableIndex, match="has version 9"):
        open_index(path)


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(UnusableIndex, match="No such file"):
        open_index(tmp_path / "missing")
