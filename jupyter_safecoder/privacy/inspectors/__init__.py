"""Finds the state of each row of the table on a machine: a pure function for each id."""

from collections.abc import Callable

from jupyter_safecoder.privacy.destination import State
from jupyter_safecoder.privacy.machine import Machine

from . import dependencies, jupyter, safecoder

INSPECTORS: dict[str, Callable[[Machine], State]] = {
    **safecoder.INSPECTORS,
    **dependencies.INSPECTORS,
    **jupyter.INSPECTORS,
}

__all__ = ["INSPECTORS"]
