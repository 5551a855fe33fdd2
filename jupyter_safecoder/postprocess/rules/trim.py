"""Filters: trim white space at the start and the end of an answer."""

from __future__ import annotations

import re

from jupyter_safecoder.postprocess.cursor_context import CursorContext

_NEEDS_SPACE = re.compile(r"[^\s)\]},:;]")
_ONE_SPACE = re.compile(r" \S")
_BLANK_LINES = re.compile(r"(?:[ \t]*\n)+")


def normalize_newlines(raw: str) -> str:
    r"""Return a text with ``\n`` as newlines, as in a notebook's editor."""
    return raw.replace("\r\n", "\n").replace("\r", "\n")


def trim_start(answer: str, context: CursorContext) -> str:
    """Return an answer without white space that is already before the cursor.

    On a blank line these are blank lines with the indentation of the first line of text, and a
    single space after the indentation, which no style has. After a space they are further spaces,
    except before a comment, which two spaces set off.
    """
    if context.blank:
        if not answer.strip():
            return ""
        blank_lines = _BLANK_LINES.match(answer)
        if blank_lines and answer.startswith(context.line, blank_lines.end()):
            answer = answer[blank_lines.end() + len(context.line) :]
        return answer[1:] if context.line and _ONE_SPACE.match(answer) else answer
    if context.line.endswith(" "):
        text = answer.lstrip(" ")
        # By its first character: while the answer grows, the start of a comment may be incomplete.
        starts = tuple(comment[0] for comment in context.syntax.rules.comments)
        return answer if text.startswith(starts) else text
    return answer


def trim_end(answer: str, context: CursorContext) -> str:
    """Return an answer without white space at its end.

    Spaces are kept where code follows on the line without one.
    """
    text = answer.rstrip()
    if not text or not _NEEDS_SPACE.match(context.rest) or "\n" in answer[len(text) :]:
        return text
    return answer
