"""The table of places that data could go to, with the state of each on a machine."""

from __future__ import annotations

from .destination import Destination, read_table
from .inspectors import INSPECTORS
from .machine import Machine


def survey(machine: Machine) -> list[Destination]:
    """Return every place that data could go to, with its state.

    Parameters
    ----------
    machine
        The machine.
    """
    found = []
    for row in read_table():
        state = INSPECTORS[row.id](machine)
        found.append(
            Destination(
                row.id, row.process, row.sends, state.to, state.text, state.safe, row.change
            )
        )
    return found
