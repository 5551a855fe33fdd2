"""What a checkpoint is, as one hash; files that have not changed are not read again."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from .description import ModelFile

_CHUNK_BYTES = 8 * 2**20


def checkpoint_hash(
    files: Sequence[ModelFile],
    notes: Path,
    progress: Callable[[float], None] = lambda share: None,
) -> str:
    """Return the SHA-256 of a checkpoint's names and contents, in hexadecimal.

    Parameters
    ----------
    files
        Its files.
    notes
        A JSON file that keeps the hashes of files by path, size, inode and time of change.
    progress
        Called with the share of bytes hashed, 0 to 1.

    Raises
    ------
    OSError
        If a file cannot be read.
    """
    known = _read(notes)
    total = sum(file.size for file in files) or 1
    done = 0
    hashes: dict[str, str] = {}
    for file in files:
        stat = file.path.stat()
        mark = f"{stat.st_size}-{stat.st_ino}-{stat.st_mtime_ns}"
        path = str(file.path.resolve())
        noted = known.get(path, {})
        if noted.get("mark") != mark:
            noted = {"mark": mark, "sha256": hash_file(file.path, _shifted(progress, done, total))}
            known[path] = noted
        hashes[file.path.name] = noted["sha256"]
        done += file.size
        progress(done / total)
    _write(notes, known)
    lines = "".join(f"{hashes[name]}  {name}\n" for name in sorted(hashes))
    return hashlib.sha256(lines.encode()).hexdigest()


def hash_file(path: Path, read: Callable[[int], None] = lambda size: None) -> str:
    """Return the SHA-256 of a file in hexadecimal; ``read`` is told of the bytes read so far."""
    digest = hashlib.sha256()
    size = 0
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK_BYTES):
            digest.update(chunk)
            read(size := size + len(chunk))
    return digest.hexdigest()


def _shifted(progress: Callable[[float], None], done: int, total: int) -> Callable[[int], None]:
    return lambda read: progress((done + read) / total)


def _read(notes: Path) -> dict[str, dict[str, str]]:
    try:
        known = json.loads(notes.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    entries = known.items() if isinstance(known, dict) else ()
    return {p: n for p, n in entries if isinstance(n, dict) and {"mark", "sha256"} <= {*n}}


def _write(notes: Path, known: dict[str, dict[str, str]]) -> None:
    """Keep the hashes of files that still exist; two writers at once cost one a second reading."""
    kept = {path: noted for path, noted in known.items() if os.path.exists(path)}
    temporary = notes.with_suffix(f".{os.getpid()}")
    try:
        notes.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_text(json.dumps(kept), "utf-8")
        temporary.replace(notes)
    except OSError:
        # All that is lost is time: the files are read again at the next start.
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
