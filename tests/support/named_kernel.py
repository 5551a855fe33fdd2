"""A kernel that is started without a server, and the requests for its names."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import KernelManager

from jupyter_safecoder.context.kernel.handler import REPLY, REQUEST
from jupyter_safecoder.context.kernel.source import install_expression


class NamedKernel:
    """Sends requests to a kernel.

    Parameters
    ----------
    client
        Connected to the kernel.
    """

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
        """Return the complete answer to a request for names."""
        answer: dict[str, Any] = {"complete": False}
        while not answer["complete"]:  # on a machine with other work there may be no time for all
            answer = self.names_in_time(*names, members=members)
        return answer

    def names_in_time(self, *names: str, members: tuple[str, ...] = ()) -> dict[str, Any]:
        """Return the answer to a request for names, which may be incomplete."""
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


@contextmanager
def named_kernel(python: str | Path) -> Iterator[NamedKernel]:
    """Yield a kernel of the environment of an interpreter."""
    manager = KernelManager(kernel_name="python3")
    assert manager.kernel_spec is not None
    manager.kernel_spec.argv[0] = str(python)
    manager.start_kernel()
    client = manager.blocking_client()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=60)
        yield NamedKernel(client)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
