"""Markers in all that is sent, and the search for them in all that is written."""

from __future__ import annotations

import json
import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

#: Where one goes: each has a text of its own.
PLACES = (
    *("prefix", "suffix", "cell", "output", "below", "kernel", "module", "file", "secret"),
    *("answer", "error", "editor"),
)
MARKERS = {place: f"Zq7{place}Wv9" for place in PLACES}
#: Directories that programs write to, beside their own.
_COMMON = ("/dev/shm", "/tmp", "/var/tmp", "/var/crash", "/var/lib/systemd/coredump")
_CHUNK = 2**20


def marked_request(prefix: str = "", **changes: Any) -> bytes:
    """Return the body of a completion request with a marker in each of its texts.

    Parameters
    ----------
    prefix
        Text before the cursor, after the marker of it.
    **changes
        Other fields.
    """
    m = MARKERS
    body = {
        "version": 2,
        "document": "marked.ipynb",
        "prefix": f"{m['prefix']} = 1\npassword = '{m['secret']}x8'\n{prefix}",
        "suffix": f"\n{m['suffix']}",
        "before": [{"type": "code", "source": m["cell"], "output": m["output"]}],
        "below": [{"type": "markdown", "source": m["below"]}],
        "kernel": [{"name": m["kernel"], "type": "int"}],
        "modules": [{"path": "a.py", "text": m["module"]}],
        "files": [{"path": "b.py", "text": m["file"]}],
        **changes,
    }
    return json.dumps(body).encode()


def found_markers(*directories: Path, except_in: Path | None = None) -> list[str]:
    """Return the files below directories that have a marker, with the place of the marker.

    Parameters
    ----------
    *directories
        The directories.
    except_in
        A directory that is left out.
    """
    found = []
    for path in (path for directory in directories for path in directory.rglob("*")):
        if path.is_symlink() or not path.is_file() or (except_in and except_in in path.parents):
            continue
        with suppress(OSError):  # it has gone, or it is another user's
            found += [f"{path}: {place}" for place in _places_in(path)]
    return found


def _places_in(path: Path) -> set[str]:
    found, rest = set(), b""
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            for place, marker in MARKERS.items():
                # UTF-16 too: what other programs write on other systems.
                if any(marker.encode(code) in rest + chunk for code in ("ascii", "utf-16-le")):
                    found.add(place)
            rest = chunk[-64:]
    return found


@contextmanager
def core_dumps() -> Iterator[None]:
    """Let this process and those that it starts write core dumps, as large as the system allows."""
    before = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (before[1], before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_CORE, before)


def new_common_files(before: set[Path]) -> list[str]:
    """Return the markers in files of common directories that were not there before."""
    found = []
    for path in common_files() - before:
        with suppress(OSError):
            found += [f"{path}: {place}" for place in _places_in(path)]
    return found


def common_files() -> set[Path]:
    """Return the files of this user directly in the directories that programs write to."""
    files = set()
    for directory in map(Path, _COMMON):
        with suppress(OSError):
            for entry in os.scandir(directory):
                with suppress(OSError):
                    if entry.is_file(follow_symlinks=False):
                        files.add(Path(entry.path))
    return files
