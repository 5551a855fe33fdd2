"""From the log-probabilities of tokens to the probability that a line is right."""

from __future__ import annotations

import math

import pytest

from jupyter_safecoder.postprocess.confidence import (
    Calibration,
    ScoredToken,
    first_line_logprob,
    span_logprob,
)

#: Of the text "\n  ab\ncd".
TOKENS = [ScoredToken(3, -1.0), ScoredToken(5, -2.0), ScoredToken(6, -4.0), ScoredToken(8, -8.0)]


@pytest.mark.parametrize(
    ("start", "end", "logprob"),
    [(3, 5, -2.0), (2, 5, -3.0), (3, 6, -6.0), (4, 5, -2.0), (0, 99, -15.0)],
)
def test_a_token_counts_if_any_of_it_is_in_the_span(start: int, end: int, logprob: float) -> None:
    assert span_logprob(TOKENS, start, end) == logprob


@pytest.mark.parametrize(
    ("raw", "logprob"), [("\n  ab\ncd", -2.0), ("\n  ab", -2.0), ("\n  ", None), ("", None)]
)
def test_the_first_line_is_the_first_with_text(raw: str, logprob: float | None) -> None:
    tokens = [token for token in TOKENS if token.end <= len(raw)]
    assert first_line_logprob(raw, tokens) == logprob


@pytest.mark.parametrize("probability", [0.05, 0.3, 0.9])
def test_a_probability_and_its_log_probability(probability: float) -> None:
    calibration = Calibration(0.5, 0.75)
    logprob = calibration.min_logprob(probability)
    assert calibration.probability(logprob) == pytest.approx(probability)
    assert calibration.probability(logprob - 0.1) < probability


def test_no_probability_has_no_minimum() -> None:
    assert Calibration(0.5, 0.75).min_logprob(0.0) == -math.inf


def test_a_very_unlikely_line() -> None:
    assert Calibration(0.0, 2.0).probability(-1e6) == pytest.approx(0.0, abs=1e-9)
