"""Each row of the table has a state, on a machine of any kind."""

from __future__ import annotations

from jupyter_safecoder.privacy.destination import read_table
from jupyter_safecoder.privacy.inspectors import INSPECTORS
from jupyter_safecoder.privacy.machine import Machine
from jupyter_safecoder.privacy.survey import survey


def test_each_row_has_an_inspector_and_each_inspector_a_row() -> None:
    assert [row.id for row in read_table()] == list(INSPECTORS)


def test_nothing_leaves_a_machine_with_the_default_settings() -> None:
    found = survey(Machine())
    assert [one.id for one in found if not one.safe] == []
    assert all(one.state.endswith(".") for one in found)
