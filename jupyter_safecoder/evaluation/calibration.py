"""Calibrates how sure a model must be: from log-probabilities of lines to that of being right."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from jupyter_safecoder.postprocess import MIN_PROBABILITIES, Calibration

#: Shares of the completions for which the curve has a point.
_SHARES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
_MAX_ITERATIONS = 100


@dataclass(frozen=True)
class ScoredLine:
    """A first line: its log-probability, and whether it is what was expected."""

    logprob: float
    right: bool


def report_confidence(lines: Sequence[ScoredLine], tasks: int) -> dict[str, Any] | None:
    """Return the calibration of a model, and what it would show.

    Parameters
    ----------
    lines
        The first lines of the completions that are not empty.
    tasks
        Number of tasks, those without a completion included: the shares are of these.

    Returns
    -------
    dict or None
        ``calibration``, as in ``model.json``; ``suggestions``: for each value of the setting what
        it shows; ``curve``: what a threshold shows that lets a share pass. ``None`` if the tasks do
        not tell right lines from wrong ones.
    """
    calibration = fit(lines)
    if calibration is None:
        return None
    best_first = sorted(lines, key=lambda line: line.logprob, reverse=True)
    suggestions = {
        name: {
            "min_probability": probability,
            **_point([line for line in lines if line.logprob >= minimum], tasks),
        }
        for name, probability in MIN_PROBABILITIES.items()
        for minimum in [calibration.min_logprob(probability)]
    }
    numbers = sorted({min(len(lines), math.ceil(share * tasks)) for share in _SHARES})
    return {
        "calibration": {name: round(value, 4) for name, value in asdict(calibration).items()},
        "suggestions": suggestions,
        "curve": [
            {**_point(best_first[:number], tasks), "min_logprob": best_first[number - 1].logprob}
            for number in numbers
        ],
    }


def _point(shown: Sequence[ScoredLine], tasks: int) -> dict[str, float | None]:
    right = sum(line.right for line in shown)
    return {
        "shown": round(len(shown) / tasks, 4),
        "right": round(right / len(shown), 4) if shown else None,
    }


def fit(lines: Sequence[ScoredLine]) -> Calibration | None:
    """Return the logistic function that fits best; ``None`` if surer lines are not better.

    Newton's method on the cross-entropy, halving steps that do not lower it. The targets are those
    of Platt ("Probabilistic outputs for support vector machines", 1999), which keep the slope
    finite when a threshold separates the lines perfectly; the method is Lin, Lin and Weng's ("A
    note on Platt's probabilistic outputs", 2007).
    """
    right = sum(line.right for line in lines)
    wrong = len(lines) - right
    if not right or not wrong:
        return None
    target_right, target_wrong = (right + 1) / (right + 2), 1 / (wrong + 2)
    points = [(line.logprob, target_right if line.right else target_wrong) for line in lines]
    intercept, slope = math.log((right + 1) / (wrong + 1)), 0.0
    loss = _cross_entropy(points, intercept, slope)
    for _ in range(_MAX_ITERATIONS):
        step = _newton_step(points, intercept, slope)
        scale = 1.0
        while scale > 1e-10:
            candidate = intercept + scale * step[0], slope + scale * step[1]
            lower = _cross_entropy(points, *candidate)
            if lower < loss:
                break
            scale /= 2
        else:
            break
        (intercept, slope), loss = candidate, lower
    return Calibration(intercept, slope) if slope > 0 else None


def _cross_entropy(points: Sequence[tuple[float, float]], intercept: float, slope: float) -> float:
    total = 0.0
    for logprob, target in points:
        logit = intercept + slope * logprob
        total += max(logit, 0.0) - logit * target + math.log1p(math.exp(-abs(logit)))
    return total


def _newton_step(
    points: Sequence[tuple[float, float]], intercept: float, slope: float
) -> tuple[float, float]:
    """Return the step of the intercept and of the slope."""
    calibration = Calibration(intercept, slope)
    # A tiny ridge: without it the Hessian of lines that are all equally sure has no inverse.
    gradient = [0.0, 0.0]
    hessian = [1e-9, 0.0, 1e-9]
    for logprob, target in points:
        probability = calibration.probability(logprob)
        error, weight = probability - target, probability * (1 - probability)
        gradient[0] += error
        gradient[1] += error * logprob
        hessian[0] += weight
        hessian[1] += weight * logprob
        hessian[2] += weight * logprob * logprob
    determinant = hessian[0] * hessian[2] - hessian[1] ** 2
    return (
        -(hessian[2] * gradient[0] - hessian[1] * gradient[1]) / determinant,
        -(hessian[0] * gradient[1] - hessian[1] * gradient[0]) / determinant,
    )
