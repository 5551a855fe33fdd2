"""Hashes of files and of whole checkpoints; a file that has not changed is not read again."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from jupyter_safecoder.files import write_text

from .description import ModelFile

_CHUNK_BYTES = 8 * 2**20


def checkpoint_hash(
    files: Sequence[ModelFile],
    hash_cache: Path,
    progress: Callable[[float], None] = lambda share: None,
) -> str:
    """Return the SHA-256 over the names and contents of a checkpoint's files, in hexadecimal.

    Parameters
    ----------
    files
        Its files, in any order.
    hash_cache
        A JSON file that keeps hashes of files by path, size, inode and modification time.
    progress
        Called with the share of bytes hashed, 0 to 1.

    Raises
    ------
    OSError
        If a file cannot be read.
    """
    hashes = file_hashes(files, hash_cache, progress)
    lines = "".join(f"{hashes[name]}  {name}\n" for name in sorted(hashes))
    return hashlib.sha256(lines.encode()).hexdigest()


def file_hashes(
    files: Sequence[ModelFile],
    hash_cache: Path,
    progress: Callable[[float], None] = lambda share: None,
) -> dict[str, str]:
    """Return the SHA-256 of files by their names, in their order.

    Parameters
    ----------
    files, hash_cache, progress
        As for :func:`checkpoint_hash`.

    Raises
    ------
    OSError
        If a file cannot be read.
    """
    cached = _read_cache(hash_cache)
    total = sum(file.size for file in files) or 1
    done = 0
    hashes: dict[str, str] = {}
    for file in files:
        stat = file.path.stat()
        mark = f"{stat.st_size}-{stat.st_ino}-{stat.st_mtime_ns}"
        path = str(file.path.resolve())
        entry = cached.get(path, {})
        if entry.get("mark") != mark:
            entry = {"mark": mark, "sha256": hash_file(file.path, _offset(progress, done, total))}
            cached[path] = entry
        hashes[file.path.name] = entry["sha256"]
        done += file.size
        progress(done / total)
    _write_cache(hash_cache, cached)
    return hashes


def hash_file(path: Path, progress: Callable[[int], None] = lambda size: None) -> str:
    """Return the SHA-256 of a file in hexadecimal.

    Parameters
    ----------
    path
        The file.
    progress
        Called with the number of bytes read so far.

    Raises
    ------
    OSError
        If the file cannot be read.
    """
    digest = hashlib.sha256()
    size = 0
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK_BYTES):
            digest.update(chunk)
            progress(size := size + len(chunk))
    return digest.hexdigest()


def _offset(progress: Callable[[float], None], done: int, total: int) -> Callable[[int], None]:
    return lambda size: progress((done + size) / total)


def _read_cache(path: Path) -> dict[str, dict[str, str]]:
    try:
        content = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    entries = content.items() if isinstance(content, dict) else ()
    return {
        name: entry
        for name, entry in entries
        if isinstance(entry, dict) and {"mark", "sha256"} <= {*entry}
    }


def _write_cache(path: Path, cached: dict[str, dict[str, str]]) -> None:
    """Write the hashes of files that still exist; if that fails, they are computed again."""
    existing = {name: entry for name, entry in cached.items() if os.path.exists(name)}
    with suppress(OSError):
        write_text(path, json.dumps(existing))
