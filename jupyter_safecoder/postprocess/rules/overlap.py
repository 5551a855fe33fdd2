"""Filter: removes the end of an answer that repeats the text to the right of the cursor."""

from __future__ import annotations

from jupyter_safecoder.postprocess.cursor_context import CursorContext
from jupyter_safecoder.postprocess.nesting import scan_nesting


def remove_overlap(answer: str, context: CursorContext) -> str:
    """Return an answer without the end that repeats the rest of the cursor's line.

    Brackets and quotes decide: the possible cut that leaves the fewest of them unmatched is made,
    and none if that is as good. So ``x)`` before ``)`` becomes ``x`` in ``f(`` and is kept in
    ``print(len(``, whichever of them the editor closed. Without brackets to decide, only the whole
    rest of the line counts, and a single word character never does.
    """
    best, faults = answer, _faults(answer, context)
    for size in overlap_sizes(answer, context):
        shorter = answer[: len(answer) - size]
        fewer = _faults(shorter, context)
        if fewer < faults or (
            fewer == faults and best == answer and _is_whole_rest(size, answer, context)
        ):
            best, faults = shorter, fewer
    return best


def overlap_sizes(answer: str, context: CursorContext) -> list[int]:
    """Return the lengths, longest first, with which an answer ends as the line's rest starts."""
    rest = context.rest.lstrip()
    longest = min(len(answer), len(rest))
    return [size for size in range(longest, 0, -1) if answer.endswith(rest[:size])]


def _is_whole_rest(size: int, answer: str, context: CursorContext) -> bool:
    """Return whether an overlap is the whole rest of the line, and not the end of a word."""
    rest = context.rest.strip()
    if size < len(rest) or not rest or (size == 1 and rest.isalnum()):
        return False
    before = answer[: len(answer) - size][-1:]
    return not (_is_word(before) and _is_word(rest[0]))


def _is_word(character: str) -> bool:
    return character.isalnum() or character == "_"


def _faults(answer: str, context: CursorContext) -> int:
    """Return how many brackets and quotes do not match with an answer in the cell."""
    return scan_nesting(answer + context.suffix, context.syntax, context.nesting).faults
