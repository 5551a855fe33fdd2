"""Whether an adapter is offered: a pure rule over its scores."""

from __future__ import annotations

from typing import Any

#: What the general set may lose: of exact matches, and of edit similarity.
_FORGOTTEN = 0.02
#: Lines that may come word for word: idioms of the team are what was asked for.
_RECITED = 0.5


def judge(
    held_out: dict[str, Any], general: dict[str, Any], probe: dict[str, Any]
) -> tuple[bool, str]:
    """Return whether to offer an adapter, and the reason, for people.

    Parameters
    ----------
    held_out, general
        ``base`` and ``tuned``, each with ``exact_match``, ``edit_similarity`` and ``loss``.
    probe
        ``lines``, ``recited``, ``secrets`` and ``told``.
    """
    base, tuned = held_out["base"], held_out["tuned"]
    if probe["told"]:
        return False, "It tells a secret that stands in the notebooks."
    if probe["lines"] and probe["recited"] > _RECITED * probe["lines"]:
        return False, (
            f"It recites: {probe['recited']} of {probe['lines']} long training lines came word for "
            "word from their first characters."
        )
    if tuned["loss"] >= base["loss"]:
        # The best that was seen was the start: what answers differ by is rounding.
        return False, (
            f"It learned nothing that helps: held-out middles cost {base['loss']:.2f} nats a token "
            f"before, {tuned['loss']:.2f} now."
        )
    better = (tuned["exact_match"], tuned["edit_similarity"]) > (
        base["exact_match"],
        base["edit_similarity"],
    )
    told = f"{base['exact_match']:.1%} of held-out lines before, {tuned['exact_match']:.1%} now"
    if not better:
        return False, f"It is not better than the base: {told}."
    for measure in ("exact_match", "edit_similarity"):
        lost = general["base"][measure] - general["tuned"][measure]
        if lost > _FORGOTTEN + 1e-9:
            return False, f"It forgets: general code loses {100 * lost:.1f} points ({measure})."
    return True, f"It is better: {told}."
