"""The card of an adapter: what it was trained on, how, and how good it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields
from typing import Any

from jupyter_safecoder.validation import validate

#: Recipe settings of version 0.1, with their present names; ``balance`` has other values, too.
RENAMED_SETTINGS = {
    "judged": "eval_samples",
    "bare_share": "no_context_share",
    "general_share": "replay_share",
    "evaluations": "num_evals",
    "modules": "max_modules",
    "cut_shares": "span_shares",
    "balance": "package_temperature",
}
#: Names of an evaluation in version 0.1.
_EVALUATION = {"offered": "accepted"}
_PROBE = {"recited": "memorized", "told": "leaked"}


@dataclass(frozen=True)
class Card:
    """The card of an adapter.

    Parameters
    ----------
    name
        Name of the adapter.
    base, base_sha256
        Name of the base model, and SHA-256 of its weights.
    corpus_sha256
        SHA-256 of the redacted corpus; empty for an adapter that was imported without a card.
    counts
        Numbers of documents, samples and secrets of the corpus.
    recipe
        Settings of the training.
    curves
        ``train`` and ``val``: ``[step, loss]`` of training and validation.
    scores
        ``held_out`` and ``general``: scores of ``base`` and ``tuned``, as printed by
        ``finetune --json``.
    probe
        Results of the memorization probe.
    accepted, reason
        Whether the adapter is better than its base, and why.
    made, by
        When and by which user it was trained.
    versions
        Versions of the packages that trained it.
    files
        SHA-256 of each of its files, by name.
    """

    name: str
    base: str
    base_sha256: str
    corpus_sha256: str
    counts: dict[str, int]
    recipe: dict[str, Any]
    curves: dict[str, list[list[float]]]
    scores: dict[str, Any]
    probe: dict[str, Any]
    accepted: bool
    reason: str
    made: str
    by: str
    versions: dict[str, str] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)

    @classmethod
    def from_json(cls, data: Any) -> Card:
        """Return the card of JSON data of this version or of version 0.1.

        Raises
        ------
        InvalidInput
            If it is not a card.
        """
        card = validate(_SCHEMA, _converted(data), "the card of an adapter")
        return cls(**{one.name: card[one.name] for one in fields(cls) if one.name in card})


_OBJECTS = ("counts", "recipe", "curves", "scores", "probe", "versions", "files")
_SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": [one.name for one in fields(Card) if one.default_factory is MISSING],
    "properties": {
        **{one.name: {"type": "string"} for one in fields(Card)},
        **{name: {"type": "object"} for name in _OBJECTS},
        "accepted": {"type": "boolean"},
    },
}


def _converted(data: Any) -> Any:
    """Return the data of a card with the names of this version."""
    if not isinstance(data, dict) or "offered" not in data:
        return data
    card = rename_evaluation(data)
    card["curves"] = _renamed(card.get("curves"), {"held_out": "val"})
    card["recipe"] = recipe = _renamed(card.get("recipe"), RENAMED_SETTINGS)
    if isinstance(recipe, dict) and "package_temperature" in recipe:
        # The balance was 0 for proportional shares and 1 for equal ones.
        balance = recipe["package_temperature"]
        if type(balance) in (int, float):
            recipe["package_temperature"] = 1 / (1 - balance) if balance < 1 else float("inf")
    return card


def rename_evaluation(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return a card or the result of a job of version 0.1, with the present names of scores."""
    renamed = {_EVALUATION.get(name, name): value for name, value in data.items()}
    renamed["probe"] = _renamed(data.get("probe"), _PROBE)
    return renamed


def _renamed(data: Any, names: Mapping[str, str]) -> Any:
    if not isinstance(data, dict):
        return data
    return {names.get(name, name): value for name, value in data.items()}
