"""A real kernel answers requests for names, and keeps no trace of them."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator

import pytest

from tests.support.named_kernel import NamedKernel, named_kernel

#: Everything of a user's that a request could change.
_TRACES = (
    "str([sorted(globals()), sorted(sys.modules), In, Out, _, __, ___, "
    "get_ipython().execution_count, list(get_ipython().history_manager.get_range()), "
    "warnings.filters, gc.isenabled(), sorted(thread.name for thread in threading.enumerate()), "
    "sys.getrecursionlimit(), sys.getswitchinterval(), sys.gettrace()])"
)


@pytest.fixture(scope="module")
def kernel() -> Iterator[NamedKernel]:
    with named_kernel(sys.executable) as kernel:
        yield kernel


def test_no_trace_is_left(kernel: NamedKernel) -> None:
    kernel.run("import pandas as pd\ndf = pd.DataFrame({'a': [1]})\ndf")
    kernel.run("import gc, sys, threading, warnings")
    before = kernel.evaluate(_TRACES)
    kernel.install()
    for _ in range(3):
        answer = kernel.names("df", "pd", members=("pd",))
        assert answer["names"][0]["columns"] == [{"name": "a", "dtype": "int64"}]
        assert "DataFrame" in answer["members"]["pd"]
    assert kernel.evaluate(_TRACES) == before


def test_objects_that_fight_back_cost_their_own_line(kernel: NamedKernel) -> None:
    kernel.run("""
import time
class Meta(type):
    def __getattribute__(cls, name): raise SystemExit
    def __instancecheck__(cls, other): time.sleep(60)
class Blocks(metaclass=Meta):
    def __getattribute__(self, name): time.sleep(60)
    def __repr__(self): time.sleep(60)
class Prints:
    def __getattr__(self, name): print(name)
    def __len__(self): print("len")
class Recurses:
    def __getattr__(self, name): return getattr(self, name)
    def __class__(self): return self.__class__
blocks, prints, recurses, after = Blocks(), Prints(), Recurses(), [1]
""")
    kernel.install()
    answer = kernel.names("blocks", "Blocks", "prints", "recurses", "after")
    assert [name["name"] for name in answer["names"]] == [
        *("blocks", "Blocks", "prints", "recurses", "after")
    ]


def test_a_cell_that_runs_does_not_wait(kernel: NamedKernel) -> None:
    kernel.install()
    kernel.run("import threading; go = threading.Event(); rows = [1, 2]")
    # The cell ends by what a second thread does; a request in between is answered.
    cell = kernel.start("threading.Timer(5, go.set).start(); go.wait()")
    time.sleep(0.5)
    assert kernel.names("rows")["names"] == [{"name": "rows", "type": "list[int]", "shape": [2]}]
    kernel.wait(cell)


def test_a_library_that_blocks_stops_no_control_message(kernel: NamedKernel) -> None:
    kernel.install()
    kernel.run("""
import sys, threading, types
release = threading.Event()
pandas = sys.modules.pop("pandas", None)
fake = types.ModuleType("pandas")
class Manager:
    __module__ = "pandas"
    @property
    def axes(self): release.wait(60)
class DataFrame:
    __module__ = "pandas"
    def __init__(self): self._mgr = Manager()
fake.Manager, fake.DataFrame = Manager, DataFrame
real, sys.modules["pandas"] = pandas, fake
first, frame, last = 1, DataFrame(), 2
""")
    answer = kernel.names_in_time("first", "frame", "last")
    assert answer["names"] == [{"name": "first", "type": "int"}]
    # Until the description ends, there are no others.
    assert kernel.names_in_time("first")["names"] == []
    kernel.run("release.set(); sys.modules['pandas'] = real")
    kernel.run("import time; time.sleep(0.2)")
    assert kernel.names("last")["names"] == [{"name": "last", "type": "int"}]
