"""Cuts the text of a file into pieces that stay the same while a user types in another one.

Editors send a window of a file, which moves. Where it is cut depends on the lines themselves, so
that most pieces of a moved window are those of the one before. No value of several lines is cut,
unless it is longer than any secret.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable, Iterator

from jupyter_safecoder.kept_texts import cached_texts

#: One of so many lines ends a piece, if it is long enough.
_LINES = 4
_MIN_CHARACTERS, _MAX_CHARACTERS = 128, 8_000
#: A text of several lines in quotes is not cut in so many lines after it may have begun. A window
#: may begin in such a text: then its end looks like a beginning.
_QUOTED_LINES = 8
_QUOTES = re.compile(r'"{3}|\'{3}')
_BEGIN, _END = "-----BEGIN ", "-----END "
#: Texts whose pieces are kept: what is after the cursor stays the same while a user types.
_MAX_KEPT = 32


@cached_texts(_MAX_KEPT)
def cut(text: str) -> tuple[str, ...]:
    """Return the pieces of a text; joined they are the text.

    Parameters
    ----------
    text
        The text of a file, or a part of it.
    """
    pieces: list[str] = []
    lines: list[str] = []
    size = blocks = quoted = 0
    for line in _bounded(text.splitlines(keepends=True)):
        if size + len(line) > _MAX_CHARACTERS:
            pieces.append("".join(lines))
            lines, size, blocks = [], 0, 0
        lines.append(line)
        size += len(line)
        if "-----" in line:
            blocks += line.count(_BEGIN) - line.count(_END)
        quoted = max(quoted - 1, 0)
        if ('"""' in line or "'''" in line) and len(_QUOTES.findall(line)) % 2:
            quoted = 0 if quoted else _QUOTED_LINES
        is_whole = blocks <= 0 and not quoted and not line.endswith(("\\\n", "\\\r\n"))
        if is_whole and size >= _MIN_CHARACTERS and _ends_piece(line):
            pieces.append("".join(lines))
            lines, size, blocks = [], 0, 0
    return (*pieces, "".join(lines)) if lines else tuple(pieces)


def _ends_piece(line: str) -> bool:
    return zlib.crc32(line.encode("utf-8", "replace")) % _LINES == 0


def _bounded(lines: Iterable[str]) -> Iterator[str]:
    """Yield lines, the long ones in parts."""
    for line in lines:
        if len(line) <= _MAX_CHARACTERS:
            yield line
            continue
        for start in range(0, len(line), _MAX_CHARACTERS):
            yield line[start : start + _MAX_CHARACTERS]
