"""A real kernel, started by a real Jupyter server, and its output."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from queue import Empty
from typing import Any

import httpx
from jupyter_client.blocking.client import BlockingKernelClient

from tests.support.jupyter_server import JupyterServer, jupyter_server
from tests.support.processes import until

WIDGET = "application/vnd.jupyter.widget-view+json"


class Kernel:
    """Runs cells as a frontend does.

    Parameters
    ----------
    client
        Connected to the kernel.
    """

    def __init__(self, client: BlockingKernelClient) -> None:
        self._client = client
        #: The state of each widget by its comm.
        self.widgets: dict[str, dict[str, Any]] = {}
        #: The text that the last cell set as the next one.
        self.next_input = ""

    def run(self, code: str, seconds: float = 60) -> list[dict[str, str]]:
        """Run a cell; return each of its outputs by MIME type."""
        request = self._client.execute(code)
        reply = self._client.get_shell_msg(timeout=seconds)
        while reply["parent_header"].get("msg_id") != request:
            reply = self._client.get_shell_msg(timeout=seconds)
        payload = reply["content"].get("payload", ())
        self.next_input = next((one["text"] for one in payload if "text" in one), "")
        shown: list[dict[str, str]] = []
        while True:
            message = self._client.get_iopub_msg(timeout=seconds)
            self._widget(message)
            if message["parent_header"].get("msg_id") != request:
                continue
            kind, content = message["msg_type"], message["content"]
            if kind == "stream":
                shown.append({"text/plain": content["text"]})
            elif kind in ("display_data", "execute_result"):
                shown.append(content["data"])
            elif kind == "error":
                shown.append({"text/plain": "\n".join(content["traceback"])})
            elif kind == "status" and content["execution_state"] == "idle":
                return shown

    def text(self, code: str) -> str:
        """Run a cell; return its output as text."""
        return "\n".join(one.get("text/plain", "") for one in self.run(code))

    def tab(self, code: str) -> list[str]:
        """Return the completions of Tab at the end of a line."""
        request = self._client.complete(code)
        reply = self._client.get_shell_msg(timeout=20)
        while reply["parent_header"].get("msg_id") != request:
            reply = self._client.get_shell_msg(timeout=20)
        matches: list[str] = reply["content"]["matches"]
        return matches

    def widget(self, **state: Any) -> tuple[str, dict[str, Any]]:
        """Return the comm and the state of the last widget with these values."""
        self.listen(0.05)
        return [
            (comm, widget)
            for comm, widget in self.widgets.items()
            if all(widget.get(name) == value for name, value in state.items())
        ][-1]

    def click(self, description: str) -> None:
        """Click a button."""
        comm, state = self.widget(_model_name="ButtonModel", description=description)
        assert not state["disabled"]
        content = {
            "comm_id": comm,
            "data": {"method": "custom", "content": {"event": "click"}, "buffers": []},
        }
        self._client.shell_channel.send(self._client.session.msg("comm_msg", content))

    def listen(self, seconds: float) -> None:
        """Receive the kernel's messages for some seconds."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            try:
                self._widget(self._client.get_iopub_msg(timeout=left))
            except Empty:
                return

    def _widget(self, message: dict[str, Any]) -> None:
        content = message["content"]
        if message["msg_type"] == "comm_open":
            self.widgets[content["comm_id"]] = dict(content["data"]["state"])
        elif message["msg_type"] == "comm_msg" and content["data"].get("method") == "update":
            self.widgets[content["comm_id"]] |= content["data"]["state"]


@contextmanager
def served_kernel(
    directory: Path, config: Mapping[str, object]
) -> Iterator[tuple[JupyterServer, Kernel]]:
    """Yield a Jupyter server whose runtime is ready, and a kernel that it has started."""
    with jupyter_server(directory, config, log=directory / "server.log") as server:
        web = httpx.Client(
            base_url=server.url,
            headers={"Authorization": f"token {server.token}"},
            timeout=30,
            trust_env=False,
        )
        with web:
            web.post("/jupyter-safecoder/start").raise_for_status()
            until(lambda: web.get("/jupyter-safecoder/status").json()["state"] == "ready", 60)
            number = web.post("/api/kernels", json={"name": "python3"}).json()["id"]
            client = BlockingKernelClient(
                connection_file=str(directory / "runtime" / f"kernel-{number}.json")
            )
            client.load_connection_file()
            client.start_channels()
            try:
                client.wait_for_ready(timeout=60)
                yield server, Kernel(client)
            finally:
                client.stop_channels()
