"""Stop rule: the answer leaves the block that it is in (languages that indent)."""

from __future__ import annotations

import re
from collections.abc import Sequence

from jupyter_safecoder.postprocess.cursor_context import CursorContext, width
from jupyter_safecoder.postprocess.lines import Line, StopDecision
from jupyter_safecoder.postprocess.nesting import opens_block

_DEFINITION = ("def", "class", "async def")
_IMPORT = ("import", "from")
_LANDMARKS = (*_DEFINITION, *_IMPORT)
_WORD = re.compile(r"@|(?:async )?\w*")


def dedent(lines: Sequence[Line], around: CursorContext) -> StopDecision | None:
    """End before the first line that is outside of the block.

    The block is the body of the header that the cursor's statement is; or the bracketed call that
    the cursor is in; or, from a blank line, the lines indented as the answer's first. Lines
    inside brackets and strings may be indented in any way. At top level, where nothing is
    indented less, see `_leaves_paragraph`.
    """
    line = lines[-1]
    if line.before.inside or (line.first and not around.blank):
        return None
    written = [earlier for earlier in lines[:-1] if not earlier.blank]
    floor = _floor(line, written, around)
    if floor is None:
        return StopDecision(line.start, "dedent")
    if line.blank:
        ended = line.complete and floor == 0 and _at_rest(written, around)
        return StopDecision(line.start, "dedent") if ended else None
    if width(line.text) < floor:
        return StopDecision(line.start, "dedent")
    if floor == 0 and width(line.text) == 0:
        return _leaves_paragraph(line, lines[-2:-1], written)
    return None


def _floor(line: Line, written: Sequence[Line], around: CursorContext) -> int | None:
    """The least indentation, in columns, of a line of the block; None: the block is over."""
    if around.blank and not around.nesting.inside:
        first = written[0] if written else line
        least = 0 if around.header is None else around.header + 1
        return max(width(first.text), least)
    # The cursor's statement: the lines up to the first that begins outside of all brackets.
    begun = _statement(written)
    if opens_block(around.line, around.nesting, around.syntax) or (
        begun and opens_block(begun[-1].text, begun[-1].after, around.syntax)
    ):
        return around.statement + 1
    return None if around.nesting.brackets else around.statement


def _statement(written: Sequence[Line]) -> list[Line]:
    inner = (n for n, line in enumerate(written) if n and not line.before.inside)
    return list(written[: next(inner, len(written))])


def _at_rest(written: Sequence[Line], around: CursorContext) -> bool:
    """Whether the last line ends a plain statement at top level: no indented line can follow."""
    if not written:
        return False
    last = written[-1]
    return not (
        width(last.text) or last.before.inside or opens_block(last.text, last.after, around.syntax)
    )


def _leaves_paragraph(
    line: Line, previous: Sequence[Line], written: Sequence[Line]
) -> StopDecision | None:
    """At top level: a few statements that belong together, or one definition.

    They end at a blank line, after a definition, before a definition or its decorator, and where
    imports come after other code.
    """
    cut = StopDecision(line.start, "dedent")
    if not written:
        return None
    if previous and previous[0].blank:
        return cut
    tops = [_word(top) for top in written if not top.before.inside and not width(top.text)]
    if any(top in _DEFINITION for top in tops):
        return cut
    word = _word(line)
    growing = not line.complete and line.text == word
    if growing and any(landmark.startswith(word) for landmark in _LANDMARKS):
        return StopDecision(line.start, "dedent", is_final=False)
    if word in _DEFINITION or word == "@":
        return cut if any(top not in ("@", "#") for top in tops) else None
    if word in _IMPORT:
        return cut if any(top not in (*_IMPORT, "#") for top in tops) else None
    return None


def _word(line: Line) -> str:
    if line.text.startswith("#"):
        return "#"
    found = _WORD.match(line.text)
    return found[0] if found else ""
