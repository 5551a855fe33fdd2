"""Filters: what is trimmed from the two ends of an answer."""

from __future__ import annotations

import re

from jupyter_safecoder.postprocess.cursor_context import CursorContext

_NEEDS_SPACE = re.compile(r"[^\s)\]},:;]")
_ONE_SPACE = re.compile(r" \S")
_BLANK_LINES = re.compile(r"(?:[ \t]*\n)+")


def with_lf(raw: str) -> str:
    """Line ends as a notebook's editor has them."""
    return raw.replace("\r\n", "\n").replace("\r", "\n")


def without_lead(answer: str, around: CursorContext) -> str:
    """Drop what repeats the white space that is already before the cursor.

    On a blank line: blank lines, with the indentation of the first line of text, and a single
    space after the indentation, which no style has. After a space: more spaces, except before a
    comment, which two spaces set off.
    """
    if around.blank:
        if not answer.strip():
            return ""
        found = _BLANK_LINES.match(answer)
        if found and answer.startswith(around.line, found.end()):
            answer = answer[found.end() + len(around.line) :]
        return answer[1:] if around.line and _ONE_SPACE.match(answer) else answer
    if around.line.endswith(" "):
        text = answer.lstrip(" ")
        # By its first character: while the answer grows, it may be all that there is of the mark.
        return answer if text.startswith(around.syntax.comment[0]) else text
    return answer


def without_trail(answer: str, around: CursorContext) -> str:
    """Drop white space at the end; spaces stay where code follows on the line without one."""
    text = answer.rstrip()
    if not text or not _NEEDS_SPACE.match(around.rest) or "\n" in answer[len(text) :]:
        return text
    return answer
