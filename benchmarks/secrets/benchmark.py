"""Measures the detection of secrets: how many planted ones it finds, and what it takes for one.

A secret counts as found if findings cover a part of each of its lines. A line without a secret that
has a finding is a false positive, whatever kind the finding has.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from jupyter_safecoder.evaluation.percentiles import percentiles
from jupyter_safecoder.protocol import Cell
from jupyter_safecoder.secrets import Finding, find_in_cells, findings

from .forms import DERIVED, FRESH, HELD_OUT, Planted, planted_notebooks
from .innocent import innocent_notebooks

#: Notebooks of each form.
_REPETITIONS = 5
#: Lines without a secret.
MIN_LINES = 20_000
_SHARE_OF_PLANTED = 0.5
_FORMS = {"derived": DERIVED, "held_out": HELD_OUT, "fresh": FRESH}
#: The cells that are timed, and the lines that they are chosen from.
MIN_CELL_LINES, MAX_CELL_LINES, _TIMED_LINES = 10, 40, 12_000


def bench_secrets(
    seed: int = 0, progress: Callable[[float], None] = lambda share: None
) -> dict[str, Any]:
    """Return how many planted secrets are found, and how many other lines.

    Parameters
    ----------
    seed
        Of the random secrets, and of the choice of the lines without a secret.
    progress
        Called with the share that is done, 0 to 1.

    Returns
    -------
    dict
        ``derived``, ``held_out`` and ``fresh``, each ``{planted, found, recall, kinds}``;
        ``lines`` without a secret, ``false_positives`` among them and their
        ``false_positive_rate``; ``false_kinds``;
        ``cell_ms``, the time to search a changed cell.
    """
    report: dict[str, Any] = {"seed": seed}
    for number, (name, file) in enumerate(_FORMS.items()):
        progress(_SHARE_OF_PLANTED * number / len(_FORMS))
        report[name] = _recall(file, seed)
    report |= _false_positives(seed, progress)
    return report | {"cell_ms": _cell_times(seed)}


def _cell_times(seed: int) -> dict[str, float | None]:
    """Return the time to search a changed cell, in milliseconds of processor time."""
    times = []
    for cells in innocent_notebooks(seed, _TIMED_LINES):
        for number, cell in enumerate(cells):
            if MIN_CELL_LINES <= 1 + cell.source.count("\n") <= MAX_CELL_LINES:
                # What was searched before is known: a change makes it another cell.
                changed = Cell(cell.type, f"{cell.source}\n# {number}")
                started = time.process_time()
                find_in_cells([changed])
                times.append(1000 * (time.process_time() - started))
    return percentiles(times)


def _recall(file: str, seed: int) -> dict[str, Any]:
    found: defaultdict[str, int] = defaultdict(int)
    planted: defaultdict[str, int] = defaultdict(int)
    for notebook in planted_notebooks(file, _REPETITIONS, seed):
        places = _by_line(findings(notebook.cells))
        for secret in notebook.secrets:
            planted[secret.kind] += 1
            found[secret.kind] += is_covered(secret, places)
    total = sum(planted.values())
    return {
        "planted": total,
        "found": sum(found.values()),
        "recall": round(sum(found.values()) / total, 4),
        "kinds": {kind: round(found[kind] / number, 3) for kind, number in planted.items()},
    }


def _by_line(found: Iterable[Finding]) -> Mapping[tuple[int, int], list[Finding]]:
    places: dict[tuple[int, int], list[Finding]] = {}
    for one in found:
        places.setdefault((one.cell, one.line), []).append(one)
    return places


def is_covered(secret: Planted, places: Mapping[tuple[int, int], list[Finding]]) -> bool:
    """Return whether findings cover a part of each line of a secret.

    Parameters
    ----------
    secret
        The planted secret.
    places
        The findings of its notebook, by cell and line.
    """
    return all(
        any(one.start < end and one.end > start for one in places.get((cell, line), ()))
        for cell, line, start, end in secret.spans
    )


def _false_positives(seed: int, progress: Callable[[float], None]) -> dict[str, Any]:
    lines, wrong = 0, 0
    kinds: defaultdict[str, int] = defaultdict(int)
    for cells in innocent_notebooks(seed, MIN_LINES):
        lines += sum(1 + cell.source.count("\n") for cell in cells)
        found = _by_line(findings(cells))
        wrong += len(found)
        for of_line in found.values():
            kinds[of_line[0].kind] += 1
        share = min(1.0, lines / MIN_LINES)
        progress(_SHARE_OF_PLANTED + (1 - _SHARE_OF_PLANTED) * share)
    return {
        "lines": lines,
        "false_positives": wrong,
        "false_positive_rate": round(wrong / lines, 5),
        "false_kinds": dict(kinds),
    }
