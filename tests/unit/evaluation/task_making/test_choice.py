"""Which lines of a notebook become tasks."""

from __future__ import annotations

from random import Random

from jupyter_safecoder.evaluation.task_making.choice import choose, rank
from jupyter_safecoder.evaluation.task_making.uses import Use

Line = tuple[int, list[Use]]


def lines(candidates: list[Line], number: int, seed: int = 0) -> list[Line]:
    """Return what is chosen of (cell, uses)."""
    return choose(candidates, number, Random(seed), lambda one: one[1], lambda one: one[0])


def test_lines_that_use_a_column_or_a_local_function_come_first() -> None:
    plain: list[Line] = [(cell, []) for cell in range(20)]
    names: list[Line] = [(20, ["kernel_name"])]
    sources: list[Line] = [(21, ["column", "kernel_name"]), (22, ["local_function"])]
    chosen = lines(plain + names + sources, 4)
    assert chosen[1:] == names + sources
    assert chosen[0] in plain
    assert lines(plain + names + sources, 2) == sources


def test_a_cell_has_two_tasks_while_others_have_lines() -> None:
    cells = [0] * 9 + [1, 2]
    candidates: list[Line] = [(cell, ["column"]) for cell in cells]
    for seed in range(10):
        assert [cell for cell, _ in lines(candidates, 4, seed)] == [0, 0, 1, 2]
    assert len(lines(candidates, 20)) == 11


def test_the_choice_depends_on_the_seed_alone() -> None:
    candidates: list[Line] = [(cell, []) for cell in range(50)]
    assert lines(candidates, 5, 1) == lines(candidates, 5, 1)
    assert lines(candidates, 5, 1) != lines(candidates, 5, 2)
    assert lines(candidates, 5, 1) == sorted(lines(candidates, 5, 1))


def test_ranks() -> None:
    assert [rank(["column"]), rank(["local_function"]), rank(["kernel_name"]), rank([])] == [
        *(0, 0, 1, 2)
    ]
