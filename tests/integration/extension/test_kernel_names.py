"""Kernels of a real server are asked for names in every state, and nobody notices."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from jupyter_server.auth.authorizer import Authorizer
from jupyter_server.auth.identity import User
from jupyter_server.base.handlers import JupyterHandler
from jupyter_server.serverapp import ServerApp
from tornado.httpclient import HTTPClientError

from jupyter_safecoder.context.kernel.handler import REPLY, REQUEST

Fetch = Callable[..., Any]

#: A kernel of another language: it writes down what it receives.
_RECORDER = """
import json, sys, zmq
connection, record = json.load(open(sys.argv[1])), sys.argv[2]
context, poller = zmq.Context(), zmq.Poller()
for name in ("shell", "control"):
    socket = context.socket(zmq.ROUTER)
    socket.bind(f"tcp://{connection['ip']}:{connection[name + '_port']}")
    poller.register(socket)
while True:
    for socket, _ in poller.poll():
        open(record, "ab").write(repr(socket.recv_multipart()).encode())
"""


@pytest.fixture
def server_traits(request: pytest.FixtureRequest) -> dict[str, Any]:
    return dict(getattr(request, "param", {}))


@pytest.fixture
def jp_server_config(
    server_traits: dict[str, Any], request: pytest.FixtureRequest
) -> dict[str, Any]:
    return {
        "ServerApp": {"jpserver_extensions": {"jupyter_safecoder": True}, **server_traits},
        "SafeCoder": {"start_runtime": "never"},
        "MappingKernelManager": getattr(request, "param", {}),
    }


class Server:
    """A server with one kernel."""

    def __init__(self, app: ServerApp, fetch: Fetch) -> None:
        self.manager: Any = app.kernel_manager
        self._fetch = fetch
        self.kernel_id = ""
        self._client: Any = None

    @property
    def kernel(self) -> Any:
        return self.manager.get_kernel(self.kernel_id)

    async def start(self, name: str = "python3") -> None:
        """Start the kernel."""
        self.kernel_id = await self.manager.start_kernel(kernel_name=name)

    async def connect(self) -> None:
        """Connect to the kernel, as a frontend does."""
        if self._client is not None:
            self._client.stop_channels()
        self._client = self.kernel.client()
        self._client.start_channels()
        await self._client.wait_for_ready(timeout=60)
        # The server may have subscribed too late for the first states, as a page's socket checks.
        while self.kernel.execution_state != "idle":
            self._client.kernel_info()
            await asyncio.sleep(0.1)

    async def idle(self, state: str = "idle") -> None:
        """Wait until the server takes the kernel for idle."""
        while self.kernel.execution_state != state:
            await asyncio.sleep(0.02)

    async def run(self, code: str) -> dict[str, Any]:
        """Run a cell; return its reply."""
        reply: dict[str, Any] = await self._client.execute_interactive(
            code, allow_stdin=False, output_hook=lambda _: None, timeout=60
        )
        await self.idle()
        content: dict[str, Any] = reply["content"]
        return content

    def send(self, code: str) -> str:
        """Send a cell without waiting for it."""
        request: str = self._client.execute(code)
        return request

    async def ask(self, *names: str, members: tuple[str, ...] = ()) -> dict[str, Any]:
        """Ask for names over HTTP; again if the kernel had no time, as on a busy machine."""
        answer: dict[str, Any] = {"names": [], "complete": False}
        while answer["names"] is not None and not answer["complete"]:
            answer = await self._ask_once(names, members)
        return answer

    async def _ask_once(self, names: tuple[str, ...], members: tuple[str, ...]) -> dict[str, Any]:
        response = await self._fetch(
            *("jupyter-safecoder", "kernels", self.kernel_id, "names"),
            method="POST",
            body=json.dumps({"names": names, "members": members}),
        )
        answer: dict[str, Any] = json.loads(response.body)
        return answer

    async def debug(self, command: str, arguments: dict[str, Any]) -> dict[str, Any]:
        """Send a request of the debug adapter protocol."""
        content = {"type": "request", "seq": 1, "command": command, "arguments": arguments}
        message = self._client.session.msg("debug_request", content)
        self._client.control_channel.send(message)
        reply = await self._client.get_control_msg(timeout=60)
        while reply["parent_header"].get("msg_id") != message["header"]["msg_id"]:
            reply = await self._client.get_control_msg(timeout=60)
        answer: dict[str, Any] = reply["content"]
        return answer

    async def close(self) -> None:
        """Stop the kernel."""
        if self._client is not None:
            self._client.stop_channels()
        if self.kernel_id in self.manager:
            await self.manager.shutdown_kernel(self.kernel_id, now=True)


@pytest.fixture
def server(
    jp_serverapp: ServerApp, jp_fetch: Fetch, jp_asyncio_loop: asyncio.AbstractEventLoop
) -> Iterator[Server]:
    server = Server(jp_serverapp, jp_fetch)
    yield server
    jp_asyncio_loop.run_until_complete(server.close())


async def _python(server: Server) -> Server:
    await server.start()
    await server.connect()
    return server


async def test_names_and_members(server: Server) -> None:
    await _python(server)
    await server.run("import json\nrows = [1, 2]\ndef load(path): 'Load it.'")
    assert await server.ask("load", "rows", "missing", members=("json",)) == {
        "names": [
            {"name": "load", "type": "function", "doc": "Load it.", "signature": "(path)"},
            {"name": "rows", "type": "list[int]", "shape": [2]},
        ],
        "complete": True,
        "members": {"json": (await server.ask(members=("json",)))["members"]["json"]},
    }
    assert "dumps" in (await server.ask(members=("json",)))["members"]["json"]


async def test_asking_is_neither_activity_nor_an_execution(
    server: Server, jp_serverapp: ServerApp
) -> None:
    await _python(server)
    count = (await server.run("x = 1"))["execution_count"]
    await asyncio.sleep(0.2)
    before = server.kernel.last_activity, server.manager.last_kernel_activity
    requests = jp_serverapp.web_app.settings.get("api_last_activity")
    states = []
    server.kernel.observe(lambda change: states.append(change.new), "execution_state")
    for _ in range(3):  # the first one adds the handler
        assert (await server.ask("x"))["names"] == [{"name": "x", "type": "int"}]
        await asyncio.sleep(0.2)
    assert (server.kernel.last_activity, server.manager.last_kernel_activity) == before
    assert jp_serverapp.web_app.settings.get("api_last_activity") == requests
    assert states == []
    # What a user does counts, as ever.
    assert (await server.run("x"))["execution_count"] == count + 1
    assert server.kernel.last_activity > before[0]


@pytest.mark.parametrize(
    "jp_server_config", [{"cull_idle_timeout": 3600, "cull_interval": 1}], indirect=True
)
async def test_a_kernel_that_is_asked_is_culled(server: Server) -> None:
    await _python(server)
    await server.run("x = 1")
    server.manager.cull_idle_timeout = 2
    end = time.monotonic() + 60
    while server.kernel_id in server.manager and time.monotonic() < end:
        await server.ask("x")
        await asyncio.sleep(0.1)
    assert server.kernel_id not in server.manager
    assert await server.ask("x") == {"names": None, "members": {}, "complete": False}


async def test_a_busy_kernel_is_not_asked(server: Server, tmp_path: Path) -> None:
    await _python(server)
    await server.run("x = 1")
    go = tmp_path / "go"
    for _ in range(2):  # before and after the handler is added
        server.send(f"import os, time\nwhile not os.path.exists({str(go)!r}): time.sleep(0.02)")
        await server.idle("busy")
        assert (await server.ask("x"))["names"] is None
        go.touch()
        await server.idle()
        assert (await server.ask("x"))["names"] == [{"name": "x", "type": "int"}]
        go.unlink()


async def test_a_restarted_kernel_is_asked_again(server: Server) -> None:
    await _python(server)
    await server.run("x = 1")
    assert (await server.ask("x"))["names"]
    restarted = await server.manager.restart_kernel(server.kernel_id)
    answer = await server.ask("x")
    assert answer["names"] in (None, [])  # while it restarts, or of the new process
    await asyncio.wrap_future(restarted)
    await server.connect()
    assert (await server.ask("x"))["names"] == []
    await server.run("x = 'text'")
    assert (await server.ask("x"))["names"] == [{"name": "x", "type": "str"}]


async def test_a_dead_kernel(server: Server) -> None:
    await _python(server)
    await server.run("x = 1")
    assert (await server.ask("x"))["names"]
    server.kernel.stop_restarter()
    await server.kernel.signal_kernel(9)
    assert (await server.ask("x"))["names"] is None
    server.kernel_id = "00000000-0000-0000-0000-000000000000"
    assert (await server.ask("x"))["names"] is None


async def test_another_user_debugs(server: Server) -> None:
    await _python(server)
    await server.run("x = 1")
    adapter = {"adapterID": "", "clientID": "another", "linesStartAt1": True, "pathFormat": "path"}
    assert (await server.debug("initialize", adapter))["success"]
    await server.debug("attach", {})
    assert (await server.ask("x"))["names"] == [{"name": "x", "type": "int"}]
    assert (await server.ask("x"))["names"] == [{"name": "x", "type": "int"}]
    assert (await server.debug("debugInfo", {}))["body"]["isStarted"]
    assert (await server.debug("disconnect", {"restart": False}))["success"]


async def test_autoreload_and_the_user_s_own_hooks(server: Server, tmp_path: Path) -> None:
    await _python(server)
    (tmp_path / "helper.py").write_text("rate = 1\n", "utf-8")
    await server.run(f"""
%load_ext autoreload
%autoreload 2
import sys
sys.path.insert(0, {str(tmp_path)!r})
import helper
calls = []
get_ipython().events.register("pre_run_cell", lambda info: calls.append("pre"))
get_ipython().events.register("post_run_cell", lambda result: calls.append("post"))
""")
    await server.run("calls.clear()")
    (tmp_path / "helper.py").write_text("rate = 'changed'\n", "utf-8")
    for _ in range(2):
        answer = await server.ask("helper", "calls", members=("helper",))
        assert answer["members"] == {"helper": ["rate"]}
    await server.run("assert calls == ['post', 'pre'], calls\nassert helper.rate == 'changed'")


async def test_without_subshells(server: Server, tmp_path: Path, jp_data_dir: Path) -> None:
    """As with ipykernel 6, or where a kernel's configuration turns them off."""
    spec = jp_data_dir / "kernels" / "plain"
    spec.mkdir(parents=True)
    code = (
        "from ipykernel.ipkernel import IPythonKernel\n"
        "from ipykernel.kernelapp import IPKernelApp\n"
        "IPythonKernel._supports_kernel_subshells = property(lambda self: False)\n"
        "IPKernelApp.launch_instance()"
    )
    argv = [sys.executable, "-c", code, "-f", "{connection_file}"]
    spec.joinpath("kernel.json").write_text(
        json.dumps({"argv": argv, "display_name": "Plain", "language": "python"})
    )
    await server.start("plain")
    await server.connect()
    await server.run("x = 1")
    assert (await server.ask("x"))["names"] == [{"name": "x", "type": "int"}]


@pytest.mark.parametrize("language", ["R", "julia", ""])
async def test_kernels_of_other_languages_are_sent_nothing(
    server: Server, tmp_path: Path, jp_data_dir: Path, language: str
) -> None:
    script, record = tmp_path / "recorder.py", tmp_path / "record"
    script.write_text(_RECORDER)
    record.touch()
    spec = jp_data_dir / "kernels" / "other"
    spec.mkdir(parents=True)
    argv = [sys.executable, str(script), "{connection_file}", str(record)]
    spec.joinpath("kernel.json").write_text(
        json.dumps({"argv": argv, "display_name": "Other", "language": language})
    )
    await server.start("other")
    server.kernel.execution_state = "idle"
    assert (await server.ask("x"))["names"] is None
    await asyncio.sleep(0.5)
    assert record.read_bytes() == b""


@pytest.mark.parametrize(
    "jp_server_config", [{"allowed_message_types": ["kernel_info_request"]}], indirect=True
)
async def test_a_server_that_allows_no_executions(server: Server) -> None:
    await _python(server)
    assert (await server.ask("x"))["names"] is None


async def test_a_kernel_that_derives_from_ipykernel_is_not_asked(
    server: Server, jp_data_dir: Path
) -> None:
    """Such as sparkmagic's, whose executions may start a cluster."""
    spec = jp_data_dir / "kernels" / "derived"
    spec.mkdir(parents=True)
    code = (
        "from ipykernel.ipkernel import IPythonKernel\n"
        "from ipykernel.kernelapp import IPKernelApp\n"
        "class Spark(IPythonKernel):\n"
        "    implementation = 'PySpark'\n"
        "    async def do_execute(self, *args, **kwargs):\n"
        "        raise AssertionError\n"
        "IPKernelApp.launch_instance(kernel_class=Spark)"
    )
    argv = [sys.executable, "-c", code, "-f", "{connection_file}"]
    spec.joinpath("kernel.json").write_text(
        json.dumps({"argv": argv, "display_name": "Derived", "language": "python"})
    )
    await server.start("derived")
    await server.connect()
    assert (await server.ask("x"))["names"] is None


async def test_many_names_and_a_wide_frame(server: Server) -> None:
    await _python(server)
    await server.run(
        "import numpy as np, pandas as pd\n"
        "for n in range(2_000): globals()[f'v{n}'] = list(range(n))\n"
        "wide = pd.DataFrame(np.zeros((2, 20_000)), columns=[f'c{n}' for n in range(20_000)])"
    )
    answer = await server.ask("wide", *(f"v{n}" for n in range(99)))
    assert len(answer["names"]) == 100
    assert answer["names"][0]["shape"] == [2, 20_000]
    assert len(answer["names"][0]["columns"]) == 100


@pytest.mark.parametrize(
    "body", [b"", b"[]", b'{"names": 3}', b'{"names": [3]}', b'{"other": []}', b"x" * 200_000]
)
async def test_bad_requests(server: Server, jp_fetch: Fetch, body: bytes) -> None:
    path = ("jupyter-safecoder", "kernels", "0-0", "names")
    with pytest.raises(HTTPClientError) as raised:
        await jp_fetch(*path, method="POST", body=body)
    assert raised.value.code in (400, 413)


class NoKernels(Authorizer):
    """Allows everything but the use of kernels."""

    def is_authorized(
        self, handler: JupyterHandler, user: User, action: str, resource: str
    ) -> bool:
        return resource != "kernels"


@pytest.mark.parametrize("server_traits", [{"authorizer_class": NoKernels}], indirect=True)
async def test_an_authorizer_that_denies_kernels(server: Server) -> None:
    await _python(server)
    with pytest.raises(HTTPClientError) as raised:
        await server.ask("x")
    assert raised.value.code == 403


def test_the_requests_are_known_as_no_activity(jp_serverapp: ServerApp) -> None:
    untracked = jp_serverapp.kernel_manager.untracked_message_types
    assert {REQUEST, REPLY, "status"} <= set(untracked)
