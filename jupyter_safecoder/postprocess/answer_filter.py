"""Applies all rules to an answer: which text may be shown now, and whether to go on generating."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from .confidence import ScoredToken
from .cursor_context import analyze_cursor
from .filter_input import FilterInput, FinishReason
from .indentation import Reindented, find_indentation, reindent
from .lines import Line, StopDecision, split_lines
from .rules.block_end import block_end
from .rules.closing_bracket import find_closing_bracket
from .rules.command import command
from .rules.dedent import dedent
from .rules.inline_repetition import inline_repetition
from .rules.invisible import find_invisible
from .rules.line_repetition import line_repetition
from .rules.low_confidence import low_confidence
from .rules.max_lines import max_lines
from .rules.overlap import overlap_sizes, remove_overlap
from .rules.single_line import single_line
from .rules.sound_boundary import sound_end
from .rules.suffix_reached import suffix_reached
from .rules.trim import normalize_newlines, trim_end, trim_start

_REASONS: dict[str, FinishReason] = {
    "end": "end",
    "length": "length",
    "deadline": "deadline",
    "invisible": "invisible",
}
#: Reasons for which an answer may end in the middle of something, and whether that may be a line.
_CUT_OFF = {
    "length": True,
    "deadline": True,
    "invisible": True,
    "lines": False,
    "low_confidence": False,
    "command": False,
}
#: Reasons for which an empty answer is not one that a filter emptied.
_WITHHELD = ("low_confidence", "command")


@dataclass(frozen=True)
class FilteredAnswer:
    """The answer after all rules.

    Parameters
    ----------
    text
        What may be shown and inserted now.
    reason
        ``None``: go on generating. Otherwise ``text`` is final, and this is why it ends there.
    unconfirmed
        All that the model has written, if a line is held back because the model may be too unsure
        of it.
    """

    text: str
    reason: FinishReason | None
    unconfirmed: str | None = None


class AnswerFilter:
    """Filters the answer to one request while it grows.

    Until it is final, each text starts with the one before: what a rule may still remove is held
    back. The exceptions are a repetition within a line and a command whose start could be code,
    which are detected after they were shown, and an
    answer that is cut off, also before an invisible character.

    Parameters
    ----------
    filter_input
        The request. It is analyzed once here; the cost of a call of :meth:`apply` depends only on
        the length of the answer.
    """

    def __init__(self, filter_input: FilterInput) -> None:
        self._input = filter_input
        self._context = analyze_cursor(filter_input)
        self._indentation = find_indentation(
            filter_input.prefix, filter_input.suffix, filter_input.above
        )
        self._mode = filter_input.mode
        self._max_lines = filter_input.max_lines
        self._min_logprob = filter_input.min_logprob

    def apply(
        self, raw: str, *, ended: str | None, tokens: Sequence[ScoredToken] | None = None
    ) -> FilteredAnswer:
        """Filter all that the model has written so far.

        Parameters
        ----------
        raw
            The text so far, without the stop token.
        ended
            Why the model has stopped: ``end``, ``length`` or ``deadline``; ``None`` while it may
            go on.
        tokens
            The tokens of ``raw``; ``None`` if their log-probabilities are unknown: then the model
            is never too unsure.
        """
        normalized = normalize_newlines(raw)
        if (at := find_invisible(normalized, self._input)) is not None:
            normalized, ended = normalized[:at], "invisible"
        indented = reindent(normalized, self._context, self._indentation, ended=ended is not None)
        answer = trim_start(indented.text, self._context)
        if tokens is not None and self._min_logprob > -math.inf:
            tokens = _in_answer(tokens, raw, indented, len(indented.text) - len(answer))
        else:
            tokens = None
        shown, is_unsure = len(answer), False
        lines: list[Line] = []
        for line in split_lines(answer, self._context, final=ended == "end"):
            lines.append(line)
            stop = self._stop_decision(lines, tokens, cut_off=ended is not None)
            if stop and stop.is_final:
                return self._finish(answer[: stop.at], stop.reason)
            shown = stop.at if stop else len(answer)
            is_unsure = stop is not None and stop.reason == "low_confidence"
        if ended is None:
            unconfirmed = answer if is_unsure else None
            return FilteredAnswer(self._stable(answer[:shown]), None, unconfirmed)
        # An answer that was cut off may have been about to meet the rule that holds it back.
        return self._finish(answer if ended == "end" else answer[:shown], _REASONS[ended])

    def _stop_decision(
        self, lines: list[Line], tokens: Sequence[ScoredToken] | None, *, cut_off: bool
    ) -> StopDecision | None:
        """Return a final decision on the last line, or else the one that holds back most."""
        context, is_block = self._context, self._mode == "block"
        # Whether there may be another line is decided before its content is looked at.
        limit = max_lines(lines, self._max_lines) if is_block else single_line(lines)
        if limit:
            return limit
        decisions = [
            suffix_reached(lines, context),
            line_repetition(lines, context),
            inline_repetition(lines),
        ]
        if not self._input.allow_commands:
            decisions.append(command(lines, context))
        if is_block:
            rule = dedent if context.syntax.by_indent else block_end
            decisions.append(rule(lines, context))
        if tokens is not None:
            decisions.append(low_confidence(lines, tokens, self._min_logprob, cut_off=cut_off))
        made = [decision for decision in decisions if decision]
        return min(made, key=lambda stop: (not stop.is_final, stop.at), default=None)

    def _stable(self, answer: str) -> str:
        """Return the part of an answer that no rule can remove at the end."""
        text = self._before_closing_bracket(answer.rstrip())
        overlaps = overlap_sizes(text, self._context)
        return text[: len(text) - overlaps[0]].rstrip() if overlaps else text

    def _before_closing_bracket(self, text: str) -> str:
        """Return the text up to where it closes what the text after the cursor closes."""
        lines = split_lines(text, self._context, final=True)
        positions = (find_closing_bracket(line, self._context) for line in lines)
        return text[: next((at for at in positions if at is not None), None)].rstrip()

    def _finish(self, answer: str, reason: FinishReason) -> FilteredAnswer:
        if reason in _CUT_OFF and (answer.strip() or reason in _WITHHELD):
            whole_line = not _CUT_OFF[reason] or answer.rstrip(" \t").endswith("\n")
            answer = answer[: sound_end(answer.rstrip(), self._context, whole_line=whole_line)]
            if not answer.strip():
                return FilteredAnswer("", reason)
        text = answer.rstrip()
        shortened = remove_overlap(text, self._context)
        if shortened == text:
            shortened = self._before_closing_bracket(text)
        text = trim_end(answer if shortened == text else shortened, self._context)
        if text:
            return FilteredAnswer(text, reason)
        dropped = bool(answer.strip()) or reason in ("repeat", "suffix")
        return FilteredAnswer("", "duplicate" if dropped else "blank")


def _in_answer(
    tokens: Sequence[ScoredToken], raw: str, indented: Reindented, removed: int
) -> list[ScoredToken]:
    """Return tokens with ends in the answer, without the characters removed at its start."""
    ends = (len(normalize_newlines(raw[: token.end])) for token in tokens)
    return [
        ScoredToken(indented.offset(end) - removed, token.logprob)
        for end, token in zip(ends, tokens, strict=True)
    ]
