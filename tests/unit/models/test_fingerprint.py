"""Hashes of files and checkpoints, and the cache that saves reading files again."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

import pytest

from jupyter_safecoder.models.description import ModelFile
from jupyter_safecoder.models.fingerprint import checkpoint_hash, file_hashes, hash_file


def test_hash_of_a_file(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"content")
    sizes: list[int] = []
    assert hash_file(path, sizes.append) == hashlib.sha256(b"content").hexdigest()
    assert sizes == [7]


def test_hash_of_a_checkpoint(tmp_path: Path) -> None:
    cache = tmp_path / "cache" / "hashes.json"
    paths = [tmp_path / "config.json", tmp_path / "model.safetensors"]
    for path in paths:
        path.write_text(path.name)
    files = [ModelFile(path, path.stat().st_size) for path in paths]
    shares: list[float] = []
    first = checkpoint_hash(files, cache, shares.append)
    assert shares[-1] == 1.0
    assert checkpoint_hash(list(reversed(files)), cache) == first
    assert set(json.loads(cache.read_text())) == {str(path) for path in paths}
    # Size, inode and modification time decide whether a file is read again.
    stat = paths[1].stat()
    paths[1].write_text("MODEL.safetensors")
    assert checkpoint_hash(files, cache) != first
    paths[1].write_text(paths[1].name)
    os.utime(paths[1], ns=(stat.st_atime_ns, stat.st_mtime_ns + 1))
    assert checkpoint_hash(files, cache) == first


@pytest.mark.parametrize("content", ["", "{", "[]", '{"/x": 1}'])
def test_a_broken_cache_costs_only_time(tmp_path: Path, content: str) -> None:
    path = tmp_path / "config.json"
    path.write_text("{}")
    files = [ModelFile(path, 2)]
    expected = checkpoint_hash(files, tmp_path / "fresh.json")
    (tmp_path / "hashes.json").write_text(content)
    assert checkpoint_hash(files, tmp_path / "hashes.json") == expected


def test_a_cache_that_cannot_be_written_costs_only_time(tmp_path: Path) -> None:
    path = tmp_path / "config.json"
    path.write_text("{}")
    files = [ModelFile(path, 2)]
    expected = checkpoint_hash(files, tmp_path / "fresh.json")
    assert checkpoint_hash(files, path / "hashes.json") == expected


def test_the_hash_is_that_of_version_0_1(tmp_path: Path) -> None:
    """Converted models are found by it: SHA-256 of lines as ``sha256sum`` writes them."""
    paths = [tmp_path / "model.safetensors", tmp_path / "config.json"]
    for path in paths:
        path.write_text(path.name)
    lines = "".join(
        f"{hashlib.sha256(name.encode()).hexdigest()}  {name}\n"
        for name in ("config.json", "model.safetensors")
    )
    files = [ModelFile(path, path.stat().st_size) for path in paths]
    expected = hashlib.sha256(lines.encode()).hexdigest()
    assert checkpoint_hash(files, tmp_path / "hashes.json") == expected


def test_hashes_of_several_files(tmp_path: Path) -> None:
    paths = [tmp_path / "b", tmp_path / "a"]
    for path in paths:
        path.write_text(path.name)
    files = [ModelFile(path, path.stat().st_size) for path in paths]
    hashes = file_hashes(files, tmp_path / "hashes.json")
    assert [*hashes.items()] == [
        (path.name, hashlib.sha256(path.name.encode()).hexdigest()) for path in paths
    ]
