"""What the keys of a run show: latencies, shares, time on the main thread."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from jupyter_safecoder.evaluation.percentiles import percentiles

#: Kinds of keys after which a suggestion is wanted.
_WANTED = ("type", "take")


@dataclass(frozen=True)
class Press:
    """A key: its kind, its time, and when a suggestion was visible; in ms on the page's clock."""

    kind: str
    at: float
    ghost: float | None


def summarize(presses: Sequence[Press], requests: Sequence[float]) -> dict[str, Any]:
    """Return latencies from keys to visible suggestions, and how many needed no request.

    Parameters
    ----------
    presses
        The keys in order.
    requests
        Times of the requests in ascending order.

    Returns
    -------
    dict
        ``keystroke_to_ghost_ms`` of all keys after which a suggestion was visible before the next
        key, ``requested_ghost_ms`` of those that needed a request, ``answered_without_request``
        the share of those that needed none, and the numbers of keys and of answered ones.
    """
    answered = [
        (press.at, press.ghost)
        for press in presses
        if press.kind in _WANTED and press.ghost is not None
    ]
    requested = [
        ghost - at
        for at, ghost in answered
        if bisect_left(requests, at) < bisect_left(requests, ghost)
    ]
    return {
        "keystroke_to_ghost_ms": percentiles([ghost - at for at, ghost in answered]),
        "requested_ghost_ms": percentiles(requested),
        "answered_without_request": share(len(answered) - len(requested), len(answered)),
        "keys": len(presses),
        "answered": len(answered),
    }


def share(part: float, total: float) -> float | None:
    """Return a share, rounded; ``None`` of nothing."""
    return round(part / total, 4) if total else None
