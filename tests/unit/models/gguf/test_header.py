"""The header of a GGUF file is read as the package gguf reads it; no damage is trusted."""

from __future__ import annotations

import struct
import tracemalloc
from pathlib import Path

import pytest

from jupyter_safecoder.models.gguf.header import is_gguf, read_header
from tests.support.tiny_gguf import write_mixed_gguf

gguf = pytest.importorskip("gguf")


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_mixed_gguf(tmp_path_factory.mktemp("header") / "mixed.gguf")


def test_metadata_and_tensors(path: Path) -> None:
    fields, tensors = read_header(path)
    reader = gguf.GGUFReader(path)
    named = {k: v.contents() for k, v in reader.fields.items() if not k.startswith("GGUF.")}
    assert fields == named
    assert [(t.name, t.shape, t.type, t.offset, t.size) for t in tensors] == [
        (
            *(t.name, tuple(int(size) for size in reversed(t.shape)), t.tensor_type.name),
            *(int(t.data_offset), int(t.n_bytes)),
        )
        for t in reader.tensors
    ]
    assert is_gguf(path)


def test_every_truncation_is_an_error(path: Path, tmp_path: Path) -> None:
    content = path.read_bytes()
    last = max(tensor.offset for tensor in read_header(path)[1])
    copy = tmp_path / "copy.gguf"
    for length in (*range(0, 200), *range(200, last, last // 50), len(content) - 1):
        copy.write_bytes(content[:length])
        with pytest.raises(ValueError, match=r"\w"):
            read_header(copy)


def _start(*parts: bytes, tensors: int = 0, fields: int = 0, version: int = 3) -> bytes:
    return b"".join([b"GGUF", struct.pack("<IQQ", version, tensors, fields), *parts])


def _string(text: bytes) -> bytes:
    return struct.pack("<Q", len(text)) + text


def _tensor(shape: tuple[int, ...], kind: int = 0, offset: int = 0) -> bytes:
    dimensions = struct.pack(f"<I{len(shape)}Q", len(shape), *shape)
    return _string(b"x") + dimensions + struct.pack("<IQ", kind, offset)


_MANY = 2**62


@pytest.mark.parametrize(
    "content",
    [
        b"PK\x03\x04" * 100,
        _start(version=1),
        _start(tensors=_MANY),
        _start(fields=_MANY),
        _start(struct.pack("<Q", _MANY), fields=1),
        _start(_string(b"x"), struct.pack("<I", 99), fields=1),
        _start(_string(b"x"), struct.pack("<IIQ", 9, 8, _MANY), fields=1),
        _start(_string(b"x"), struct.pack("<IIQ", 9, 4, _MANY), fields=1),
        _start(_string(b"x"), struct.pack("<IIQ", 9, 9, 1), fields=1),
        _start(_string(b"\xff"), struct.pack("<II", 4, 1), fields=1),
        _start(_string(b"general.alignment"), struct.pack("<II", 4, 0), fields=1),
        _start(_tensor((_MANY, _MANY)), tensors=1),
        _start(_tensor((1,) * 5), tensors=1),
        _start(_tensor((4,), kind=9999), tensors=1),
        _start(_tensor((4,), kind=12), tensors=1),
        _start(_tensor((4,), offset=2**63), tensors=1),
    ],
)
def test_what_is_no_header(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.gguf"
    path.write_bytes(content + bytes(64))
    with pytest.raises(ValueError, match=r"\w"):
        read_header(path)


def test_other_files_do_not_start_as_one(tmp_path: Path) -> None:
    assert not is_gguf(tmp_path / "none")
    (tmp_path / "short").write_bytes(b"GG")
    assert not is_gguf(tmp_path / "short")


@pytest.mark.parametrize(
    "content",
    [
        _start(_string(b"x"), struct.pack("<IIQ", 9, 8, 2**60), fields=1),
        _start(_string(b"x"), struct.pack("<IIQ", 9, 0, 2**60), fields=1),
        # Empty strings, of which a sparse file has billions.
        _start(_string(b"x"), struct.pack("<IIQ", 9, 8, 2**31), fields=1),
        # Each array is within the limit; together they are not.
        _start(*[_string(b"%d" % n) + struct.pack("<IIQ", 9, 0, 2**22) + bytes(2**22)
                 for n in range(3)], fields=3),
        _start(_string(b"x") + struct.pack("<IQ", 8, 2**33), fields=1),
        _start(struct.pack("<Q", 2**33), tensors=1),
    ],
    ids=["strings", "bytes", "empty", "arrays", "string", "name"],
)  # fmt: skip
def test_a_small_header_takes_little_memory(tmp_path: Path, content: bytes) -> None:
    """The file is sparse: its size is no bound for what is read of it."""
    path = tmp_path / "x.gguf"
    with path.open("wb") as stream:
        stream.write(content)
        stream.truncate(2**34)
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match=r"too many values|too long"):
            read_header(path)
        assert tracemalloc.get_traced_memory()[1] < 600e6
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    "content",
    [
        _start(_string(b"x"), struct.pack("<IB", 7, 1), _string(b"x"), struct.pack("<IB", 7, 1),
               fields=2),
        _start(_tensor((4,)), _tensor((4,)), tensors=2),
        _start(_tensor((1024,)), _tensor((1024,)).replace(b"x", b"y"), tensors=2),
        _start(_string(b"general.alignment"), struct.pack("<IQ", 10, 2**63), fields=1),
        _start(_string(b"general.alignment"), struct.pack("<IIQ", 9, 0, 0), fields=1),
        _start(_string(b"general.alignment"), struct.pack("<If", 6, 0.5), fields=1),
    ],
    ids=["field", "tensor", "overlap", "alignment", "array", "float"],
)  # fmt: skip
def test_what_no_writer_writes(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.gguf"
    path.write_bytes(content + bytes(-len(content) % 32 + 4096))
    with pytest.raises(ValueError, match=r"one name|overlap|alignment"):
        read_header(path)
