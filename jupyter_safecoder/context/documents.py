"""Cuts notebooks and scripts into snippets that can be compared with the lines near the cursor."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from jupyter_safecoder.notebooks import OFF_TAG

from .words import words_of

#: Lines of a snippet; it ends where a cell, a definition or a blank line allows it.
_MIN_LINES, _MAX_LINES = 10, 30
#: Lines that follow a snippet.
_FOLLOWING_LINES = 6
#: More of a document is left out.
_MAX_CHARACTERS = 200_000
_MAX_SNIPPETS = 400
#: A snippet with a longer line is data or minified (the limit of Tabby's index).
_MAX_LINE_CHARACTERS = 300
#: Imports, which say nothing of what lines do.
_IMPORT = re.compile(
    r"^[ \t]*(?:from[ \t]+\S+[ \t]+)?import\b(?:[^\n(]*\([^)]{0,4000}\)|[^\n]*)", re.MULTILINE
)
_PERCENT_CELL = re.compile(r"# ?%%")
_DEFINITION = re.compile(r"(?:@|def |class |async def )")
#: How well a place divides a text: a cell, a definition, a line without indentation, a blank line.
_CELL, _DEFINES, _TOP, _BLANK = 4, 3, 2, 1


@dataclass(frozen=True)
class Snippet:
    """Some lines of a document, with how often each word is in them.

    Parameters
    ----------
    text
        The lines.
    following
        The lines that follow them in the document: what comes after lines that are like those at
        hand is what comes next.
    counts
        Number of each word.
    length
        Number of words.
    """

    text: str
    following: str
    counts: Mapping[str, int]
    length: int


@dataclass(frozen=True)
class Document:
    """A notebook or script of which snippets are taken.

    Parameters
    ----------
    path
        Its path.
    snippets
        Its snippets, in the order of the document.
    """

    path: str
    snippets: tuple[Snippet, ...]

    def size(self) -> int:
        """Return the number of characters that are kept of it."""
        return sum(len(one.text) + len(one.following) for one in self.snippets)


def read_document(path: str, source: str) -> Document | None:
    """Return the snippets of a file; ``None`` if it is no Python notebook and no script.

    Parameters
    ----------
    path
        Its path: the suffix decides what it is.
    source
        The text of the file; of a notebook, its JSON.
    """
    if path.endswith(".ipynb"):
        cells = notebook_code(source)
        if cells is None:
            return None
    elif path.endswith(".py"):
        cells = [source]
    else:
        return None
    return Document(path, tuple(_snippets(cells)))


def notebook_code(source: str) -> list[str] | None:
    """Return the code cells of a Python notebook; ``None`` if it is none, or is not to be sent.

    Cells with the tag :data:`.OFF_TAG` are left out, and so is a notebook whose metadata have
    ``"safecoder": "off"``.

    Parameters
    ----------
    source
        The text of the file, in version 3 or 4 of nbformat.
    """
    try:
        notebook = json.loads(source)
    except (ValueError, RecursionError):
        return None
    metadata = _mapping(_mapping(notebook).get("metadata"))
    language = _mapping(metadata.get("language_info")).get("name") or _mapping(
        metadata.get("kernelspec")
    ).get("language", "python")
    if "python" not in str(language).lower() or metadata.get("safecoder") in ("off", False):
        return None
    sheets = _sequence(_mapping(notebook).get("worksheets"))
    lists = [_mapping(sheet).get("cells") for sheet in sheets] or [_mapping(notebook).get("cells")]
    return [
        _source(cell)
        for cells in lists
        for cell in map(_mapping, _sequence(cells))
        if cell.get("cell_type") == "code" and not _is_off(_mapping(cell.get("metadata")))
    ]


def _is_off(metadata: Mapping[str, Any]) -> bool:
    tags = metadata.get("tags")
    return tags == OFF_TAG or OFF_TAG in _sequence(tags)


def _source(cell: Mapping[str, Any]) -> str:
    source = cell.get("source", cell.get("input", ""))
    if isinstance(source, list):
        source = "".join(part for part in source if isinstance(part, str))
    text = source if isinstance(source, str) else ""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _sequence(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list) else ()


def _snippets(cells: Sequence[str]) -> Iterator[Snippet]:
    lines: list[str] = []
    starts: set[int] = set()
    left = _MAX_CHARACTERS
    for cell in cells:
        text = cell.strip("\n")[:left]
        starts.add(len(lines))
        lines += [*text.split("\n"), ""]
        left -= len(text) + 1
        if left <= 0:
            break
    start = 0
    for _ in range(_MAX_SNIPPETS):
        if start >= len(lines):
            return
        end = _end(lines, starts, start)
        snippet = _snippet(lines[start:end], lines[end : end + _FOLLOWING_LINES])
        if snippet is not None:
            yield snippet
        start = end


def _snippet(part: Sequence[str], following: Sequence[str]) -> Snippet | None:
    """Return the snippet of some lines; ``None`` if they are blank, imports alone, or data."""
    whole = "\n".join(part)
    text = whole.strip("\n")
    counts = Counter(words_of(_IMPORT.sub("", text)))
    if not counts or max(map(len, part)) > _MAX_LINE_CHARACTERS:
        return None
    if max(map(len, following), default=0) > _MAX_LINE_CHARACTERS:
        following = ()
    blank = whole[len(whole.rstrip("\n")) :]
    after = blank + "\n".join(following)
    return Snippet(text, after.rstrip(), dict(counts), counts.total())


def _end(lines: Sequence[str], starts: set[int], start: int) -> int:
    """Return the line after a snippet: the first cell or definition, or else the best place."""
    places = range(start + _MIN_LINES, min(start + _MAX_LINES, len(lines) - 1) + 1)
    for line in places:
        if _rank(lines, starts, line) >= _DEFINES:
            return line
    if len(lines) - start <= _MAX_LINES:
        return len(lines)
    return max(places, key=lambda line: (_rank(lines, starts, line), line))


def _rank(lines: Sequence[str], starts: set[int], line: int) -> int:
    text = lines[line]
    if line in starts or _PERCENT_CELL.match(text):
        return _CELL
    if lines[line - 1].strip():
        return 0
    if _DEFINITION.match(text):
        return _DEFINES
    return _TOP if text[:1].strip() else _BLANK
