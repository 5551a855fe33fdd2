"""A real kernel answers requests for names, and keeps no trace of them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import KernelManager

from jupyter_safecoder.context.kernel.handler import REPLY, REQUEST
from jupyter_safecoder.context.kernel.source import install_expression

#: Everything of a user's that a request could change.
_TRACES = (
    "str([sorted(globals()), sorted(sys.modules), In, Out, _, __, ___, "
    "get_ipython().execution_count, list(get_ipython().history_manager.get_range()), "
    "warnings.filters, gc.isenabled(), sorted(thread.name for thread in threading.enumerate()), "
    "sys.getrecursionlimit(), sys.getswitchinterval(), sys.gettrace()])"
)


class Client:
    """Sends requests to a kernel."""

    def __init__(self, client: BlockingKernelClient) -> None:
        self._client = client

    def install(self) -> None:
        """Add the handler."""
        expressions = {"safecoder": install_expression()}
        request = self._client.execute("", silent=True, user_expressions=expressions)
        reply = self._reply(request, self._client.get_shell_msg)
        assert reply["content"]["user_expressions"]["safecoder"]["status"] == "ok"

    def run(self, code: str) -> None:
        """Run a cell."""
        assert (
            self._reply(self._client.execute(code), self._client.get_shell_msg)["content"]["status"]
            == "ok"
        )

    def evaluate(self, expression: str) -> str:
        """Return the text of an expression, evaluated without an execution."""
        request = self._client.execute("", silent=True, user_expressions={"e": expression})
        reply = self._reply(request, self._client.get_shell_msg)
        text: str = reply["content"]["user_expressions"]["e"]["data"]["text/plain"]
        return text

    def start(self, code: str) -> str:
        """Start a cell, and return its id."""
        request: str = self._client.execute(code)
        return request

    def names(self, *names: str, members: tuple[str, ...] = ()) -> dict[str, Any]:
        """Return the answer to a request for names."""
        content = {"names": names, "members": members}
        message = self._client.session.msg(REQUEST, content)
        self._client.control_channel.send(message)
        reply = self._reply(message["header"]["msg_id"], self._client.get_control_msg)
        assert reply["msg_type"] == REPLY
        answer: dict[str, Any] = reply["content"]
        assert answer["status"] == "ok"
        return answer

    def _reply(self, request: str, receive: Any) -> dict[str, Any]:
        while True:
            reply: dict[str, Any] = receive(timeout=60)
            if reply["parent_header"].get("msg_id") == request:
                return reply

    def wait(self, request: str) -> None:
        """Wait until a cell has run."""
        self._reply(request, self._client.get_shell_msg)


@pytest.fixture(scope="module")
def kernel() -> Iterator[Client]:
    manager = KernelManager(kernel_name="python3")
    manager.start_kernel()
    client = manager.blocking_client()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=60)
        yield Client(client)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def test_no_trace_is_left(kernel: Client) -> None:
    kernel.run("import pandas as pd\ndf = pd.DataFrame({'a': [1]})\ndf")
    kernel.run("import gc, sys, threading, warnings")
    before = kernel.evaluate(_TRACES)
    kernel.install()
    for _ in range(3):
        answer = kernel.names("df", "pd", members=("pd",))
        assert answer["names"][0]["columns"] == [{"name": "a", "dtype": "int64"}]
        assert "DataFrame" in answer["members"]["pd"]
    assert kernel.evaluate(_TRACES) == before


def test_objects_that_fight_back_cost_their_own_line(kernel: Client) -> None:
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


def test_a_cell_that_runs_does_not_wait(kernel: Client) -> None:
    kernel.install()
    kernel.run("import threading; go = threading.Event(); rows = [1, 2]")
    # The cell ends by what a second thread does; a request in between is answered.
    cell = kernel.start("threading.Timer(5, go.set).start(); go.wait()")
    time.sleep(0.5)
    assert kernel.names("rows")["names"] == [{"name": "rows", "type": "list[int]", "shape": [2]}]
    kernel.wait(cell)


def test_a_library_that_blocks_stops_no_control_message(kernel: Client) -> None:
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
    answer = kernel.names("first", "frame", "last")
    assert answer["names"] == [{"name": "first", "type": "int"}]
    # Until the description ends, there are no others.
    assert kernel.names("first")["names"] == []
    kernel.run("release.set(); sys.modules['pandas'] = real")
    kernel.run("import time; time.sleep(0.2)")
    assert kernel.names("last")["names"] == [{"name": "last", "type": "int"}]
