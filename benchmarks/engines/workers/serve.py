"""Run one engine for a benchmark: ``python serve.py WORKER``, in the engine's own environment.

The first line on standard input is the job, which goes to ``load`` of the module DRIVER in this
folder; each line after it is a request, ``{"prompt": [ids], "tokens": most, "ends": [ids]}``. Every
line is answered by one on standard output: the job by ``{"load_s", "weights_bytes"}``, a request
by ``{"ids", "times_ms", "rss_mb"}``, when each token came, counted from the request. A line with
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

#: Takes a prompt, the most tokens to write and the end tokens; yields the ids of each step.
Generate = Callable[[list[int], int, list[int]], Iterator[list[int]]]


def main() -> None:
    """Answer lines until there are no more."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what libraries print is no answer

    def answer(content: dict[str, Any]) -> None:
        answers.write(json.dumps(content) + "\n")
        answers.flush()

    try:
        job = json.loads(sys.stdin.readline())
        began = time.perf_counter()
        generate, weights_bytes = import_module(sys.argv[1]).load(job)
        answer({"load_s": time.perf_counter() - began, "weights_bytes": weights_bytes})
        for line in sys.stdin:
            answer(_run(generate, json.loads(line)))
    except Exception as error:  # whatever it is, the row of the report tells it
        reason = str(getattr(error, "reason", error)).strip().partition("\n")[0][:300]
        remedy = getattr(error, "remedy", "")
        answer({"error": f"{type(error).__name__}: {reason}" if not remedy else reason})
        raise


def _run(generate: Generate, request: dict[str, Any]) -> dict[str, Any]:
    ids: list[int] = []
    times: list[float] = []
    began = time.perf_counter()
    for step in generate(request["prompt"], request["tokens"], request["ends"]):
        ids += step
        times += [(time.perf_counter() - began) * 1000] * len(step)
    return {"ids": ids, "times_ms": times, "rss_mb": _resident_bytes() / 1e6}


def _resident_bytes() -> int:
    """Return the memory that this process holds now, or its peak where only that is told."""
    try:
        with open("/proc/self/statm", encoding="ascii") as stream:
            return int(stream.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        import resource  # Windows has neither

        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak if sys.platform == "darwin" else peak * 1024


if __name__ == "__main__":
    main()
