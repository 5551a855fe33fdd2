"""The pause in typing before a request: ``labextension/src/completion/requests/pause.ts``.

``tests/unit/evaluation/replay/cases/pause.json`` has cases that both must pass.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

#: How many of the last times count.
MEMORY = 15
#: Milliseconds between two keys from here on are pauses to think.
_MAX_GAP_MS = 1000.0
#: Fewer times than this say nothing.
_MIN_TIMES = 4
#: The pause is between a third and three times of what is set.
_MAX_FACTOR = 3.0


def adapted_pause(setting: float, gaps: Sequence[float], ttfts: Sequence[float]) -> float:
    """Return the pause before a request, in milliseconds.

    A request that cannot be answered before the next key is in vain. So the pause grows with the
    time to the first token, and with the speed of typing.

    Parameters
    ----------
    setting
        The pause that is set, in milliseconds.
    gaps
        The last times between two keys, in milliseconds.
    ttfts
        The last times to the first token, in milliseconds.
    """
    typing = [gap for gap in gaps if 0 <= gap < _MAX_GAP_MS]
    if len(typing) < _MIN_TIMES or len(ttfts) < _MIN_TIMES:
        return setting
    factor = 2 * median(ttfts) / max(median(typing), 1.0)
    return setting * min(max(factor, 1 / _MAX_FACTOR), _MAX_FACTOR)
