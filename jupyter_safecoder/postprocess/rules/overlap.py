"""Filter: the answer ends with what already stands to the right of the cursor."""

from __future__ import annotations

from jupyter_safecoder.postprocess.cursor_context import CursorContext
from jupyter_safecoder.postprocess.nesting import scan_nesting


def without_overlap(answer: str, around: CursorContext) -> str:
    """Take off the end of `answer` what the rest of the cursor's line says again.

    Brackets and quotes decide: of the possible cuts the one that leaves the fewest of them
    unmatched is made, none when that is as good. So `x)` before `)` becomes `x` in `f(` and stays
    in `print(len(`, whichever of them the editor closed. Without brackets to tell, only the whole
    rest of the line counts, and a lone word character never does.
    """
    best, faults = answer, _faults(answer, around)
    for size in sizes(answer, around):
        shorter = answer[: len(answer) - size]
        found = _faults(shorter, around)
        if found < faults or (found == faults and best == answer and _whole(size, answer, around)):
            best, faults = shorter, found
    return best


def sizes(answer: str, around: CursorContext) -> list[int]:
    """The lengths, longest first, at which `answer` ends as the rest of the line begins."""
    rest = around.rest.lstrip()
    longest = min(len(answer), len(rest))
    return [size for size in range(longest, 0, -1) if answer.endswith(rest[:size])]


def _whole(size: int, answer: str, around: CursorContext) -> bool:
    rest = around.rest.strip()
    if size < len(rest) or not rest or (size == 1 and rest.isalnum()):
        return False
    before = answer[: len(answer) - size][-1:]
    return not (_is_word(before) and _is_word(rest[0]))


def _is_word(character: str) -> bool:
    return character.isalnum() or character == "_"


def _faults(answer: str, around: CursorContext) -> int:
    return scan_nesting(answer + around.suffix, around.syntax, around.nesting).faults
