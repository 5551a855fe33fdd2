"""What is offered, and what is not: as the scores say, and not by chance."""

from __future__ import annotations

import pytest

from jupyter_safecoder.finetune.evaluation.acceptance import judge

_CLEAN = {"lines": 10, "recited": 1, "secrets": 2, "told": 0}
_GENERAL = {"base": {"exact_match": 0.2, "edit_similarity": 0.5, "loss": 2.0}}


def verdict(exact: float, loss: float, general: float = 0.2) -> tuple[bool, str]:
    held_out = {
        "base": {"exact_match": 0.1667, "edit_similarity": 0.45, "loss": 1.6385},
        "tuned": {"exact_match": exact, "edit_similarity": 0.4547, "loss": loss},
    }
    after = {"exact_match": general, "edit_similarity": 0.5, "loss": 2.0}
    return judge(held_out, {**_GENERAL, "tuned": after}, _CLEAN)


@pytest.mark.parametrize(
    ("scores", "offered", "says"),
    [
        ((0.3, 1.2), True, "It is better: 16.7% of held-out lines before, 30.0% now"),
        ((0.1, 1.2), False, "not better than the base"),
        # One place more of sixty, by the rounding of an adapter that is empty.
        ((0.1833, 1.6385), False, "learned nothing that helps"),
        ((0.3, 1.2, 0.1), False, "It forgets"),
    ],
)
def test_what_is_offered(scores: tuple[float, ...], offered: bool, says: str) -> None:
    found, reason = verdict(*scores)
    assert found is offered
    assert says in reason
