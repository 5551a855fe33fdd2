"""Accepts or rejects an adapter by its scores: a pure rule."""

from __future__ import annotations

from typing import Any

#: What general code may lose, of exact matches and of edit similarity.
_MAX_FORGOTTEN = 0.02
#: Tolerance of comparisons between floating-point numbers.
_ROUNDING = 1e-9
#: The share of long training lines that may be reproduced: idioms of the team are wanted.
_MAX_MEMORIZED = 0.5


def accept_adapter(
    held_out: dict[str, Any], general: dict[str, Any], probe: dict[str, Any]
) -> tuple[bool, str]:
    """Return whether an adapter is accepted, and the reason as a sentence.

    Parameters
    ----------
    held_out, general
        Scores on held-out documents and on general code: ``base`` and ``tuned``, each with
        ``exact_match``, ``edit_similarity`` and ``loss``.
    probe
        ``lines``, ``memorized``, ``secrets`` and ``leaked``, see ``memorization.py``.
    """
    base, tuned = held_out["base"], held_out["tuned"]
    if probe["leaked"]:
        return False, "Rejected: the adapter reproduces a redacted secret."
    if probe["lines"] and probe["memorized"] > _MAX_MEMORIZED * probe["lines"]:
        return False, (
            f"Rejected: {probe['memorized']} of {probe['lines']} long training lines are "
            "reproduced verbatim."
        )
    if tuned["loss"] >= base["loss"]:
        # Training kept the base: its completions differ by rounding alone.
        return False, (
            f"Rejected: the loss of held-out code did not fall ({base['loss']:.2f} nats per token "
            f"before, {tuned['loss']:.2f} now)."
        )
    shares = (
        f"{base['exact_match']:.1%} of held-out lines exact before, {tuned['exact_match']:.1%} now"
    )
    if not _quality(tuned) > _quality(base):
        return False, f"Rejected: not better than the base model ({shares})."
    if lost := forgotten(general):
        measure, share = next(iter(lost.items()))
        return False, f"Rejected: general code loses {100 * share:.1f} points of {measure}."
    return True, f"Accepted: {shares}."


def forgotten(general: dict[str, Any]) -> dict[str, float]:
    """Return what general code loses more than it may, by measure.

    Parameters
    ----------
    general
        As for :func:`accept_adapter`.
    """
    lost = {
        measure: general["base"][measure] - general["tuned"][measure]
        for measure in ("exact_match", "edit_similarity")
    }
    return {name: share for name, share in lost.items() if share > _MAX_FORGOTTEN + _ROUNDING}


def _quality(scores: dict[str, Any]) -> tuple[float, float]:
    return scores["exact_match"], scores["edit_similarity"]
