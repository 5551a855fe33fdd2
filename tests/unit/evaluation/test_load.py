"""The keys that users type under load."""

from __future__ import annotations

from itertools import islice
from typing import Any

from jupyter_safecoder.evaluation.load import OPTIONS, typed_keys


def _tasks(count: int) -> list[dict[str, Any]]:
    cells = [{"type": "code", "source": f"cell {number}"} for number in range(count)]
    return [
        {"cells": cells, "cell_index": n, "prefix": f"{n}:", "suffix": "", "expected": "ab"}
        for n in range(count)
    ]


def _prefixes(start: float, count: int) -> list[str]:
    return [request.prefix for request in islice(typed_keys(_tasks(4), "ada", start), count)]


def test_the_second_half_of_a_notebook_is_typed_key_by_key_without_end() -> None:
    line_2, line_3 = ["2:", "2:a", "2:ab"], ["3:", "3:a", "3:ab"]
    assert _prefixes(0, 9) == [*line_2, *line_3, *line_2]
    assert _prefixes(0.5, 6) == [*line_3, *line_2]


def test_each_user_has_a_notebook_of_their_own() -> None:
    ada, bob = (next(typed_keys(_tasks(4), name, 0)) for name in ("ada", "bob"))
    assert (ada.document, bob.document) == ("ada", "bob")
    assert ada.before != bob.before
    assert ada.options == OPTIONS
