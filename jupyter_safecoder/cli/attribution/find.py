"""Which indexes have a file: those of models, of adapters and of corpora."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from jupyter_safecoder.attribution.fingerprints import text_of
from jupyter_safecoder.attribution.index import AttributionIndex
from jupyter_safecoder.attribution.optout import MIN_SHARE, OptedOut, share_of
from jupyter_safecoder.attribution.sources import SourceFile, is_code
from jupyter_safecoder.attribution.store import StoredIndex, index_path, stored_indexes
from jupyter_safecoder.errors import UnusableFile, UnusableIndex
from jupyter_safecoder.models import EMBEDDED

from .model_sources import has_known_sources


def indexes_of(cache: Path, paths: Sequence[Path]) -> list[StoredIndex]:
    """Return the indexes to search: those of these files, or all of a cache directory."""
    if paths:
        return [StoredIndex(path.stem, "corpus", path) for path in paths]
    return stored_indexes(cache)


def find_in_indexes(path: Path, indexes: Sequence[StoredIndex]) -> list[dict[str, Any]]:
    """Return what of a file each index has.

    Raises
    ------
    UnusableFile
        If the file cannot be read, or is no code.
    UnusableIndex
        If an index cannot be read.
    """
    text, language = _read(path)
    found = []
    for one in indexes:
        matches = AttributionIndex(one.path).find(text, language)
        rows = [
            {
                "source": match.source,
                "path": match.path,
                "license": match.license,
                "kind": match.kind,
                "first_line": text.count("\n", 0, match.start) + 1,
                "last_line": text.count("\n", 0, match.end) + 1,
                "start": match.start,
                "end": match.end,
                "characters": match.characters,
            }
            for match in sorted(matches, key=lambda match: match.start)
        ]
        found.append(
            {
                "file": str(path),
                "index": one.name,
                "kind": _kind(one),
                "share": round(share_of(text, matches), 4),
                "matches": rows,
            }
        )
    return found


def models_without_index(cache: Path) -> list[str]:
    """Return the models whose sources are known, and of which there is no index."""
    is_known = not index_path(cache, EMBEDDED).is_file() and has_known_sources(EMBEDDED)
    return [EMBEDDED] if is_known else []


def listed_indexes(cache: Path) -> list[dict[str, Any]]:
    """Return the indexes of a cache directory; of one that cannot be read, the reason."""
    rows = []
    for one in stored_indexes(cache):
        row: dict[str, Any] = {"index": one.name, "kind": _kind(one), "path": str(one.path)}
        try:
            index = AttributionIndex(one.path)
        except UnusableIndex as error:
            row["problem"] = error.reason
        else:
            row |= {name: index.facts[name] for name in ("files", "sources", "source_bytes")}
            row["index_bytes"] = one.path.stat().st_size
        rows.append(row)
    return rows


def optout_row(entry: OptedOut, cache: Path) -> dict[str, Any]:
    """Return an entry of the opt-out list with the adapters that used it, as far as it exists."""
    path = Path(entry.path)
    files = [path] if path.is_file() else sorted(path.rglob("*")) if path.is_dir() else []
    adapters = [one for one in stored_indexes(cache) if one.kind == "adapter"]
    texts = [_read(file) for file in files if file.is_file() and is_code(file.name)]
    used = []
    for adapter in adapters:
        index = AttributionIndex(adapter.path)
        if any(share_of(text, index.find(text, language)) >= MIN_SHARE for text, language in texts):
            used.append(adapter.name)
    return {**asdict(entry), "index": str(entry.index), "adapters": used}


def _kind(one: StoredIndex) -> str:
    return "model" if one.kind == "corpus" and one.name == EMBEDDED else one.kind


def _read(path: Path) -> tuple[str, str]:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UnusableFile(f"{path} cannot be read: {error.strerror}.") from None
    if not is_code(path.name):
        raise UnusableFile(f"{path} is no notebook and no file of code, by its name.")
    return text_of(SourceFile(path.name, content))
