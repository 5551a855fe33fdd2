"""What a user's server sends to the service to train on: packed there, unpacked here, bounded.

Files have no names in it: the service numbers them, so there is nothing to climb out with.
"""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jupyter_safecoder.errors import BodyTooLarge, InvalidRequest

#: Most bytes on the way, most bytes unpacked, and most files.
MOST_PACKED, MOST_BYTES, MOST_FILES = 16 * 2**20, 32 * 2**20, 2000
_KINDS = (".ipynb", ".py")
_GZIP = 31


@dataclass(frozen=True)
class Source:
    """A file without its name: its extension, and its text."""

    kind: str
    text: str


@dataclass(frozen=True)
class JobSubmission:
    """A job that somebody wants: name, settings of the recipe, what to learn from."""

    name: str
    settings: dict[str, Any]
    sources: Sequence[Source]


def pack(order: JobSubmission) -> bytes:
    """Return the body of a request.

    Raises
    ------
    TooLarge
        If the service would not take it.
    """
    if len(order.sources) > MOST_FILES:
        raise BodyTooLarge(_too_many(len(order.sources)))
    whole = {
        "name": order.name,
        "settings": order.settings,
        "sources": [[source.kind, source.text] for source in order.sources],
    }
    text = json.dumps(whole).encode()
    packed = gzip.compress(text)
    if len(text) > MOST_BYTES or len(packed) > MOST_PACKED:
        raise BodyTooLarge(_too_much())
    return packed


def unpack(body: bytes) -> JobSubmission:
    """Return what a body asks for.

    Raises
    ------
    TooLarge
        If it is more than the service takes.
    InvalidRequest
        If it is no such body.
    """
    inflater = zlib.decompressobj(_GZIP)
    try:
        text = inflater.decompress(body, MOST_BYTES + 1)
        if len(text) > MOST_BYTES:
            raise BodyTooLarge(_too_much())
        if not inflater.eof:
            raise ValueError
        data = json.loads(text)
        name, settings, pairs = data["name"], data["settings"], data["sources"]
        if not isinstance(name, str) or not isinstance(settings, dict):
            raise ValueError
        sources = [Source(str(kind), str(source)) for kind, source in pairs]
        if not sources or any(source.kind not in _KINDS for source in sources):
            raise ValueError
    except (zlib.error, ValueError, KeyError, TypeError, RecursionError):
        raise InvalidRequest("This is no order of a job.") from None
    if len(sources) > MOST_FILES:
        raise BodyTooLarge(_too_many(len(sources)))
    return JobSubmission(name, settings, sources)


def write_sources(sources: Sequence[Source], directory: Path) -> None:
    """Write files into a directory that only the service may look into: all of them, or none.

    Raises
    ------
    OSError
        If they cannot be written.
    """
    partial = directory.with_name(f"{directory.name}.partial")
    partial.mkdir(mode=0o700)
    for number, source in enumerate(sources):
        text = source.text.encode("utf-8", "replace")
        (partial / f"{number:05}{source.kind}").write_bytes(text)
    partial.rename(directory)


def _too_much() -> str:
    return f"These files are more than the service takes: {MOST_BYTES // 2**20} MB of text."


def _too_many(number: int) -> str:
    return f"These are {number:,} files; the service takes {MOST_FILES:,}."
