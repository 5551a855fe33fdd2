"""An adapter is accepted by its scores, and not by chance."""

from __future__ import annotations

import pytest

from jupyter_safecoder.finetune.evaluation.acceptance import accept_adapter, forgotten

_CLEAN = {"lines": 10, "memorized": 1, "secrets": 2, "leaked": 0}
_GENERAL = {"base": {"exact_match": 0.2, "edit_similarity": 0.5, "loss": 2.0}}


def verdict(exact: float, loss: float, general: float = 0.2) -> tuple[bool, str]:
    held_out = {
        "base": {"exact_match": 0.1667, "edit_similarity": 0.45, "loss": 1.6385},
        "tuned": {"exact_match": exact, "edit_similarity": 0.4547, "loss": loss},
    }
    after = {"exact_match": general, "edit_similarity": 0.5, "loss": 2.0}
    return accept_adapter(held_out, {**_GENERAL, "tuned": after}, _CLEAN)


@pytest.mark.parametrize(
    ("scores", "accepted", "expected"),
    [
        ((0.3, 1.2), True, "Accepted: 16.7% of held-out lines exact before, 30.0% now."),
        ((0.1, 1.2), False, "Rejected: not better than the base model"),
        # One line more of sixty, by the rounding of an adapter that changes nothing.
        (
            (0.1833, 1.6385),
            False,
            "Rejected: the loss of held-out code did not fall (1.64 nats per token",
        ),
        ((0.3, 1.2, 0.1), False, "Rejected: general code loses 10.0 points of exact_match."),
    ],
)
def test_what_is_accepted(scores: tuple[float, ...], accepted: bool, expected: str) -> None:
    found, reason = verdict(*scores)
    assert found is accepted
    assert expected in reason


@pytest.mark.parametrize(
    ("probe", "expected"),
    [
        ({"leaked": 1}, "Rejected: the adapter reproduces a redacted secret."),
        (
            {"lines": 12, "memorized": 7},
            "Rejected: 7 of 12 long training lines are reproduced verbatim.",
        ),
    ],
)
def test_memorization_comes_first(probe: dict[str, int], expected: str) -> None:
    scores = {
        "base": {"exact_match": 0.1, "edit_similarity": 0.3, "loss": 2.0},
        "tuned": {"exact_match": 0.3, "edit_similarity": 0.5, "loss": 1.5},
    }
    general = {**_GENERAL, "tuned": _GENERAL["base"]}
    assert accept_adapter(scores, general, _CLEAN)[0]
    assert accept_adapter(scores, general, _CLEAN | probe) == (False, expected)


def test_half_of_the_lines_may_be_reproduced() -> None:
    held_out = {
        "base": {"exact_match": 0.1, "edit_similarity": 0.3, "loss": 2.0},
        "tuned": {"exact_match": 0.3, "edit_similarity": 0.5, "loss": 1.5},
    }
    general = {**_GENERAL, "tuned": _GENERAL["base"]}
    assert accept_adapter(held_out, general, _CLEAN | {"lines": 12, "memorized": 6})[0]


def test_what_is_forgotten() -> None:
    after = {"exact_match": 0.18, "edit_similarity": 0.4, "loss": 9.0}
    assert forgotten({**_GENERAL, "tuned": after}) == {"edit_similarity": pytest.approx(0.1)}
    assert forgotten({**_GENERAL, "tuned": _GENERAL["base"]}) == {}
