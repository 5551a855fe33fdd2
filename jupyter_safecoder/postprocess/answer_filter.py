"""Everything together: what may be shown now, and whether to go on."""

from __future__ import annotations

from dataclasses import dataclass

from .cursor_context import analyze_cursor
from .filter_input import FilterInput, FinishReason
from .lines import Line, StopDecision, lines_of
from .rules.closing_bracket import closing_bracket
from .rules.dedent import dedent
from .rules.inline_repetition import inline_repetition
from .rules.line_repetition import line_repetition
from .rules.max_lines import max_lines
from .rules.overlap import sizes, without_overlap
from .rules.single_line import single_line
from .rules.suffix_reached import suffix_reached
from .rules.trim import with_lf, without_lead, without_trail

_ENDS: dict[str, FinishReason] = {"end": "end", "length": "length", "deadline": "deadline"}


@dataclass(frozen=True)
class FilteredAnswer:
    """What to do with what the model has written so far.

    Parameters
    ----------
    text : str
        What may be shown and inserted now.
    reason : str or None
        None: go on generating. Otherwise `text` is final and this is why it ends there.
    """

    text: str
    reason: FinishReason | None


class AnswerFilter:
    """Judges one request's answer as it grows.

    While it goes on, each text begins with the one before: what a rule may still take away is
    held back. Only a loop within a line is found out after it was shown.

    Parameters
    ----------
    situation : Situation
        Read once here; a call of `judge` costs no more than the answer is long.
    """

    def __init__(self, filter_input: FilterInput) -> None:
        self._around = analyze_cursor(filter_input)
        self._mode = filter_input.mode
        self._max_lines = filter_input.max_lines

    def apply(self, raw: str, *, ended: str | None) -> FilteredAnswer:
        """Judge all that the model has written so far.

        Parameters
        ----------
        raw : str
            The text so far, without the end token.
        ended : {"end", "length", "deadline"} or None
            Why there will be no more of it; None while there may be.
        """
        answer = without_lead(with_lf(raw), self._around)
        shown = len(answer)
        lines: list[Line] = []
        for line in lines_of(answer, self._around, over=ended == "end"):
            lines.append(line)
            cut = self._objection(lines)
            if cut and cut.is_final:
                return self._final(answer[: cut.at], cut.reason)
            shown = cut.at if cut else len(answer)
        if ended is None:
            return FilteredAnswer(self._sure(answer[:shown]), None)
        # Broken off, the answer may still have been on its way into what was held back.
        return self._final(answer if ended == "end" else answer[:shown], _ENDS[ended])

    def _objection(self, lines: list[Line]) -> StopDecision | None:
        """The first sure objection to the last line, or else the one that holds back most."""
        around, block = self._around, self._mode == "block"
        # Whether the last line may begin at all comes before anything that it says.
        full = max_lines(lines, self._max_lines) if block else single_line(lines)
        if full:
            return full
        cuts = [
            suffix_reached(lines, around),
            line_repetition(lines, around),
            inline_repetition(lines),
        ]
        if block and around.syntax.by_indent:
            cuts.append(dedent(lines, around))
        found = [cut for cut in cuts if cut]
        return min(found, key=lambda cut: (not cut.is_final, cut.at), default=None)

    def _sure(self, answer: str) -> str:
        """What no filter at the end can take away."""
        text = self._unclosed(answer.rstrip())
        overlaps = sizes(text, self._around)
        return text[: len(text) - overlaps[0]].rstrip() if overlaps else text

    def _unclosed(self, text: str) -> str:
        """The text up to where it closes what is closed behind the cursor."""
        lines = lines_of(text, self._around, over=True)
        at = next(
            (at for line in lines if (at := closing_bracket(line, self._around)) is not None), None
        )
        return text[:at].rstrip()

    def _final(self, answer: str, reason: FinishReason) -> FilteredAnswer:
        text = answer.rstrip()
        rid = without_overlap(text, self._around)
        if rid == text:
            rid = self._unclosed(text)
        text = without_trail(answer if rid == text else rid, self._around)
        if text:
            return FilteredAnswer(text, reason)
        dropped = bool(answer.strip()) or reason in ("repeat", "suffix")
        return FilteredAnswer("", "duplicate" if dropped else "blank")
