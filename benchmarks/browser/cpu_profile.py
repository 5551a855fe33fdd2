"""Reads a CPU profile of Chromium: the time on the main thread that is our extension's.

Chromium's sampling profiler (the domain Profiler of the DevTools protocol) reads the stack of the
main thread at short intervals. A sample is ours if a function of our files is on the stack: what we
call in Lab counts, what Lab does by itself does not.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from typing import Any

#: A part of the URL of our files.
OWN_FILES = "/extensions/jupyter-safecoder/"


def own_times_ms(
    profile: dict[str, Any], keys_us: Sequence[float], own: str = OWN_FILES
) -> list[float]:
    """Return the milliseconds of our functions from each key to the next.

    Parameters
    ----------
    profile
        A Profiler.Profile of the DevTools protocol.
    keys_us
        Times of the keys in ascending order, in microseconds on the clock of the profile.
    own
        A part of the URL of the files that count.
    """
    own_nodes = _own_nodes(profile["nodes"], own)
    times = [0.0] * len(keys_us)
    now, running = float(profile["startTime"]), -1
    for node, delta in zip(profile["samples"], profile["timeDeltas"], strict=True):
        # A delta is the time from the sample before to this one.
        key = bisect_right(keys_us, now) - 1
        if key >= 0 and running in own_nodes:
            times[key] += delta / 1000
        now, running = now + delta, node
    return times


def _own_nodes(nodes: Sequence[dict[str, Any]], own: str) -> set[int]:
    """Return the ids of the nodes in whose stack a function of ours is."""
    children = {node["id"]: node.get("children", ()) for node in nodes}
    found: set[int] = set()
    waiting = [node["id"] for node in nodes if own in node["callFrame"]["url"]]
    while waiting:
        node = waiting.pop()
        if node not in found:
            found.add(node)
            waiting += children[node]
    return found
