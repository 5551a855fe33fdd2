"""Where data could go from this machine: a table, and the state of each of its rows here."""

from .destination import Destination, read_table
from .machine import Machine, read_machine
from .survey import survey

__all__ = ["Destination", "Machine", "read_machine", "read_table", "survey"]
