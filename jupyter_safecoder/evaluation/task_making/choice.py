"""Chooses the tasks of a notebook: first the lines that use what only a kernel or a module says."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from random import Random
from typing import TypeVar

from .uses import Use

_Item = TypeVar("_Item")
#: Maximum number of tasks of a cell, as long as other cells have lines of the same rank.
_MAX_OF_A_CELL = 2


def rank(uses: Sequence[Use]) -> int:
    """Return how much a line says of the sources of context; the lowest rank is chosen first."""
    if "column" in uses or "local_function" in uses:
        return 0
    return 1 if uses else 2


def choose(
    candidates: Sequence[_Item],
    number: int,
    random: Random,
    uses_of: Callable[[_Item], Sequence[Use]],
    cell_of: Callable[[_Item], int],
) -> list[_Item]:
    """Return so many candidates, in their order.

    Parameters
    ----------
    candidates
        In the order of the notebook.
    number
        How many, if there are as many.
    random
        Draws among those of the same rank.
    uses_of, cell_of
        What a candidate uses, and the number of its cell.
    """
    order = list(range(len(candidates)))
    random.shuffle(order)
    places: Counter[tuple[int, int]] = Counter()
    keys: dict[int, tuple[int, bool]] = {}
    for index in order:
        candidate = candidates[index]
        place = (rank(uses_of(candidate)), cell_of(candidate))
        keys[index] = (place[0], places[place] >= _MAX_OF_A_CELL)
        places[place] += 1
    chosen = sorted(order, key=lambda index: keys[index])[:number]
    return [candidates[index] for index in sorted(chosen)]
