"""The calibration of a model, from lines that are right or wrong."""

from __future__ import annotations

import math
import random

import pytest

from jupyter_safecoder.evaluation.calibration import ScoredLine, fit, report_confidence
from jupyter_safecoder.postprocess import Calibration


def test_the_logistic_function_that_made_the_lines_is_found() -> None:
    source, true = random.Random(1), Calibration(1.5, 0.8)
    logprobs = [-source.expovariate(0.3) for _ in range(4000)]
    lines = [ScoredLine(x, source.random() < true.probability(x)) for x in logprobs]
    found = fit(lines)
    assert found is not None
    assert found.intercept == pytest.approx(true.intercept, abs=0.2)
    assert found.slope == pytest.approx(true.slope, abs=0.1)


def test_lines_that_a_threshold_separates_give_a_finite_slope() -> None:
    found = fit([ScoredLine(-n, n < 5) for n in range(10)])
    assert found is not None
    assert 0 < found.slope < 20
    assert -5 < found.min_logprob(0.5) < -4


def test_large_numbers_do_not_overflow() -> None:
    found = fit([ScoredLine(-(10.0**n), n < 2) for n in range(6)])
    assert found is not None
    assert math.isfinite(found.intercept)


@pytest.mark.parametrize(
    "lines",
    [
        [],
        [ScoredLine(-1.0, True), ScoredLine(-2.0, True)],
        [ScoredLine(-1.0, False), ScoredLine(-2.0, False)],
        [ScoredLine(-1.0, False), ScoredLine(-9.0, True)],
        [ScoredLine(-1.0, False), ScoredLine(-1.0, True)],
    ],
)
def test_lines_that_say_nothing(lines: list[ScoredLine]) -> None:
    assert fit(lines) is None
    assert report_confidence(lines, 2) is None


def test_what_each_setting_shows() -> None:
    # Of 20 tasks 16 have a suggestion, of which 8 are right, the surest ones.
    lines = [ScoredLine(-n, n < 8) for n in range(16)]
    report = report_confidence(lines, 20)
    assert report is not None
    shown = {name: point["shown"] for name, point in report["suggestions"].items()}
    right = {name: point["right"] for name, point in report["suggestions"].items()}
    assert shown["few"] <= shown["balanced"] <= shown["many"] == 0.8
    assert right["few"] >= right["balanced"] >= right["many"] == 0.5
    assert [point["shown"] for point in report["curve"]] == [n / 10 for n in range(1, 9)]
    assert report["curve"][3] == {"shown": 0.4, "right": 1.0, "min_logprob": -7}
    calibration = Calibration(**report["calibration"])
    assert calibration.probability(-7.5) == pytest.approx(0.5, abs=0.1)


def test_a_threshold_that_nothing_passes() -> None:
    lines = [ScoredLine(-1 - n / 1000, n % 20 == 0) for n in range(400)]
    report = report_confidence(lines, 400)
    assert report is not None
    assert report["suggestions"]["few"] == {"min_probability": 0.3, "shown": 0.0, "right": None}
