"""Notebooks without secrets have as many lines as asked for, of code and of look-alikes."""

from __future__ import annotations

from benchmarks.secrets.innocent import innocent_notebooks


def test_the_number_of_lines() -> None:
    notebooks = list(innocent_notebooks(1, 2000))
    lines = sum(1 + cell.source.count("\n") for cells in notebooks for cell in cells)
    assert 2000 <= lines < 5000
    assert {cell.type for cells in notebooks for cell in cells} == {"code", "markdown"}
    assert notebooks == list(innocent_notebooks(1, 2000))
