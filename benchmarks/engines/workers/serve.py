"""Serves one engine to a benchmark: ``python serve.py WORKER``, in the engine's environment.

The first line on standard input is the job, the argument of ``load`` of the module WORKER in this
folder. Each line after it is a request, ``{"prompt": [ids], "max_tokens": n, "stop_ids": [ids]}``.
Each line is answered by one on standard output: the job by ``{"load_s", "weights_bytes"}``, a
request by ``{"ids", "times_ms", "rss_mb"}``, where times count from the request. A line with
``error`` is the last one.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any

#: Takes a prompt, the maximum number of tokens and the stop tokens; yields the ids of each step.
Generate = Callable[[list[int], int, list[int]], Iterator[list[int]]]


def main() -> None:
    """Answer lines until standard input ends."""
    responses = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # libraries print to standard output

    def respond(content: dict[str, Any]) -> None:
        responses.write(json.dumps(content) + "\n")
        responses.flush()

    try:
        job = json.loads(sys.stdin.readline())
        start = time.perf_counter()
        generate, weights_bytes = import_module(sys.argv[1]).load(job)
        respond({"load_s": time.perf_counter() - start, "weights_bytes": weights_bytes})
        for line in sys.stdin:
            respond(_generate(generate, json.loads(line)))
    except Exception as error:  # reported in the row of the report
        reason = str(getattr(error, "reason", error)).strip().partition("\n")[0][:300]
        remedy = getattr(error, "remedy", "")
        respond({"error": f"{type(error).__name__}: {reason}" if not remedy else reason})
        raise


def _generate(generate: Generate, request: dict[str, Any]) -> dict[str, Any]:
    ids: list[int] = []
    times: list[float] = []
    start = time.perf_counter()
    for step in generate(request["prompt"], request["max_tokens"], request["stop_ids"]):
        ids += step
        times += [(time.perf_counter() - start) * 1000] * len(step)
    return {"ids": ids, "times_ms": times, "rss_mb": _resident_bytes() / 1e6}


def _resident_bytes() -> int:
    """Return the resident memory of this process, or its peak where only that is available."""
    try:
        with open("/proc/self/statm", encoding="ascii") as stream:
            return int(stream.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        import resource  # not available on Windows

        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak if sys.platform == "darwin" else peak * 1024


if __name__ == "__main__":
    main()
