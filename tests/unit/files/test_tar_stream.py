"""No read of a tar archive is too large, and all of its headers together are not."""

from __future__ import annotations

import bz2
import gzip
import io
from collections.abc import Callable
from pathlib import Path

import pytest

from jupyter_safecoder.files.tar_stream import TarStream

_CONTENT = bytes(range(256)) * 16


@pytest.mark.parametrize("compress", [bytes, gzip.compress, bz2.compress])
def test_any_compression(tmp_path: Path, compress: Callable[[bytes], bytes]) -> None:
    path = tmp_path / "x"
    path.write_bytes(compress(_CONTENT))
    with TarStream(path, 4096) as stream:
        assert stream.read(512) == _CONTENT[:512]
        assert stream.seek(4000) == stream.tell() == 4000
        assert stream.read(512) == _CONTENT[4000:]
        assert stream.readable()
        assert stream.seekable()
        for position in (-1, 4097, 2**90):
            with pytest.raises(OverflowError, match="too large"):
                stream.seek(position)
        with pytest.raises(OverflowError, match="too large"):
            stream.seek(0, io.SEEK_END)


def test_reads_are_bounded(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(_CONTENT)
    with TarStream(path, 4096) as stream:
        for size in (-1, 2**20 + 1, 2**40):
            with pytest.raises(OverflowError, match="too large"):
                stream.read(size)
        for _ in range(64):
            stream.read(2**20)
        with pytest.raises(OverflowError, match="too large"):
            stream.read(1)
        stream.headers_are_read()
        stream.seek(0)
        assert stream.read(4) == _CONTENT[:4]
