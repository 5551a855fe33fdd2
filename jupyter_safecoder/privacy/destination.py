"""A place that data could go to, as the table describes it and as it is on this machine."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from jupyter_safecoder.files.toml import read_toml

_TABLE = Path(__file__).with_name("destinations.toml")


@dataclass(frozen=True)
class Row:
    """A place that data could go to, on any machine.

    Parameters
    ----------
    id
        Unique; the program and the part of it.
    process
        What would send.
    sends
        What it would send.
    change
        How to change it: a setting, or a sentence.
    """

    id: str
    process: str
    sends: str
    change: str


@dataclass(frozen=True)
class State:
    """What a row is on this machine.

    Parameters
    ----------
    safe
        Whether nothing goes to another machine without a command that asks for it.
    text
        The state, a sentence.
    to
        The address that is sent to; empty: none.
    """

    safe: bool
    text: str
    to: str = ""


@dataclass(frozen=True)
class Destination:
    """A place that data could go to, and its state on this machine; see Row and State."""

    id: str
    process: str
    sends: str
    to: str
    state: str
    safe: bool
    change: str


@cache
def read_table() -> tuple[Row, ...]:
    """Return the table of places that data could go to."""
    return tuple(Row(**row) for row in read_toml(_TABLE)["destination"])
