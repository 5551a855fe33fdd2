"""Cards of this version and of version 0.1."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import pytest

from jupyter_safecoder.adapters.card import Card

#: What version 0.1 wrote, with everything that has another name since.
OLD: dict[str, Any] = {
    "name": "ours",
    "base": "safecoder-smol-135m",
    "base_sha256": "0" * 64,
    "corpus_sha256": "1" * 64,
    "counts": {"trained_on": 5, "held_out": 1},
    "recipe": {
        "rank": 16,
        "judged": 60,
        "bare_share": 0.4,
        "general_share": 0.15,
        "evaluations": 4,
        "modules": 10,
        "balance": 0.5,
        "cut_shares": {"anywhere": 1.0},
        "scale": 0.8,
    },
    "curves": {"train": [[1, 2.0]], "held_out": [[0, 2.1], [1, 1.9]]},
    "scores": {"held_out": {"base": {"loss": 2.1}, "tuned": {"loss": 1.9}}},
    "probe": {"lines": 12, "recited": 1, "secrets": 2, "told": 0},
    "offered": True,
    "reason": "It is better: 8.3% of held-out lines before, 26.7% now.",
    "made": "2026-11-25T10:00:00+00:00",
    "by": "grace",
    "versions": {"torch": "2.13.0"},
    "files": {"adapter_config.json": "2" * 64, "adapter_model.safetensors": "3" * 64},
}


def test_a_card_of_version_0_1_is_converted() -> None:
    card = Card.from_json(OLD)
    assert card.accepted
    assert card.probe == {"lines": 12, "memorized": 1, "secrets": 2, "leaked": 0}
    assert card.curves == {"train": [[1, 2.0]], "val": [[0, 2.1], [1, 1.9]]}
    assert card.recipe == {
        "rank": 16,
        "eval_samples": 60,
        "no_context_share": 0.4,
        "replay_share": 0.15,
        "num_evals": 4,
        "max_modules": 10,
        "package_temperature": 2.0,
        "span_shares": {"anywhere": 1.0},
        "scale": 0.8,
    }
    for name in ("name", "base", "counts", "scores", "reason", "made", "by", "versions", "files"):
        assert getattr(card, name) == OLD[name]


@pytest.mark.parametrize(("balance", "temperature"), [(0.0, 1.0), (0.5, 2.0), (1.0, float("inf"))])
def test_a_balance_becomes_a_temperature(balance: float, temperature: float) -> None:
    card = Card.from_json({**OLD, "recipe": {"balance": balance}})
    assert card.recipe["package_temperature"] == temperature


def test_a_card_of_this_version_stays_as_it_is() -> None:
    card = Card.from_json(OLD)
    assert Card.from_json(asdict(card)) == card
    assert Card.from_json({**asdict(card), "added_later": 1}) == card


@pytest.mark.parametrize(
    "data", [None, [], "x", {}, {**OLD, "curves": []}, {**OLD, "by": 3}, {"name": "ours"}]
)
def test_what_is_no_card(data: object) -> None:
    with pytest.raises(ValueError, match=r"card"):
        Card.from_json(data)
