"""A kernel that executes the cells of one notebook in a copy of its folder, offline and bounded."""

from __future__ import annotations

import os
import re
import site
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from queue import Empty
from signal import SIGKILL
from subprocess import DEVNULL
from typing import Any

from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel
from jupyter_client.manager import KernelManager

from jupyter_safecoder.child_process import child_environment
from jupyter_safecoder.context.kernel.handler import REQUEST
from jupyter_safecoder.context.kernel.source import install_expression
from jupyter_safecoder.errors import NotebookError
from jupyter_safecoder.outputs import useful_output

from .confine import REFUSE_CONNECTIONS, confined_command, namespace_command, without_proxies
from .folder import copy_folder

#: Seconds that a kernel has to start, and to end a cell that was interrupted.
_START_S, _INTERRUPT_S = 60.0, 5.0
#: Seconds for an answer about names, which the kernel itself gives in a tenth of a second.
_ANSWER_S = 5.0
#: How often it is checked whether the kernel still lives.
_POLL_S = 0.5
#: Maximum number of characters of a cell's output that are kept.
MAX_OUTPUT_CHARACTERS = 400
#: Exceptions are named by their class, which may have any name.
_CLASS_NAME = re.compile(r"[^\W\d]\w{0,80}")
_OUTPUTS = frozenset({"stream", "execute_result", "display_data", "error"})
#: Maximum number of outputs of a cell, and of characters of a stream, among which one is chosen.
_MAX_OUTPUTS, _MAX_STREAM_CHARACTERS = 100, 20_000


@dataclass(frozen=True)
class Execution:
    """How a cell ended.

    Parameters
    ----------
    output
        The beginning of the output that a prompt would have.
    failure
        Empty, or why it did not end well: the name of an exception, ``timeout`` or ``died``.
    """

    output: str
    failure: str


class _ConfinedManager(KernelManager):
    def format_kernel_cmd(self, extra_arguments: list[str] | None = None) -> list[str]:
        return confined_command(super().format_kernel_cmd(extra_arguments))


class ScratchKernel:
    """A running kernel.

    Parameters
    ----------
    manager, client
        Of a kernel that is ready.
    """

    def __init__(self, manager: KernelManager, client: BlockingKernelClient) -> None:
        self._manager = manager
        self._client = client

    def execute(self, code: str, seconds: float) -> Execution:
        """Execute a cell; one that takes longer is interrupted.

        Parameters
        ----------
        code
            The cell.
        seconds
            Maximum duration.
        """
        request = self._client.execute(code, allow_stdin=False)
        outputs, failure = self._outputs(request, seconds)
        if failure == "timeout":
            self._manager.interrupt_kernel()
            self._outputs(request, _INTERRUPT_S)
        return Execution(useful_output(outputs)[:MAX_OUTPUT_CHARACTERS], failure)

    def ask(self, names: Sequence[str], members_of: Sequence[str]) -> Any:
        """Return the answer to a request for names; ``None`` if there is none in time."""
        content = {"names": list(names), "members": list(members_of)}
        message = self._client.session.msg(REQUEST, content)
        self._client.control_channel.send(message)
        return self._reply(self._client.get_control_msg, message["header"]["msg_id"], _ANSWER_S)

    def evaluate(self, expression: str) -> bool:
        """Evaluate an expression, which is no execution of a cell; return whether it worked."""
        request = self._client.execute(
            "", silent=True, user_expressions={"safecoder": expression}, allow_stdin=False
        )
        reply = self._reply(self._client.get_shell_msg, request, _START_S) or {}
        result = reply.get("user_expressions", {}).get("safecoder", {})
        return bool(result.get("status") == "ok")

    def _reply(self, receive: Callable[..., dict[str, Any]], request: str, seconds: float) -> Any:
        """Return the content of the reply to a request; ``None`` if there is none in time."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0 and self._manager.is_alive():
            with suppress(Empty):
                reply = receive(timeout=min(left, _POLL_S))
                if reply["parent_header"].get("msg_id") == request:
                    return reply["content"]
        return None

    def _outputs(self, request: str, seconds: float) -> tuple[list[dict[str, Any]], str]:
        """Receive the outputs of a request until it ends; return them and the failure."""
        outputs: list[dict[str, Any]] = []
        failure = ""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            try:
                message = self._client.get_iopub_msg(timeout=min(left, _POLL_S))
            except Empty:
                if not self._manager.is_alive():
                    return outputs, "died"
                continue
            if message["parent_header"].get("msg_id") != request:
                continue
            kind, content = message["msg_type"], message["content"]
            if kind == "status" and content["execution_state"] == "idle":
                return outputs, failure
            if kind == "error":
                name = content.get("ename", "")
                failure = name if _CLASS_NAME.fullmatch(name) else "error"
            if kind in _OUTPUTS:
                _add_output(outputs, {"output_type": kind, **content})
        return outputs, "timeout"


def _add_output(outputs: list[dict[str, Any]], output: dict[str, Any]) -> None:
    """Add an output to those of a cell, as far as they are kept."""
    last = outputs[-1] if outputs else {}
    if output["output_type"] == "stream":
        output["text"] = output["text"][:_MAX_STREAM_CHARACTERS]
        if last.get("name") == output["name"]:
            last["text"] = (last["text"] + output["text"])[:_MAX_STREAM_CHARACTERS]
            return
    if len(outputs) < _MAX_OUTPUTS:
        outputs.append(output)


@contextmanager
def scratch_kernel(notebook: Path, name: str = "python3") -> Iterator[ScratchKernel]:
    """Yield a kernel whose working directory is a copy of a notebook's folder.

    What the notebook writes to its folder, to the home directory or to that of temporary files is
    deleted at the end, when all processes of the kernel are ended.

    Parameters
    ----------
    notebook
        The notebook.
    name
        The kernel that it names; where there is none of this name, Jupyter's own Python is used.

    Raises
    ------
    NotebookError
        If the kernel cannot be started.
    """
    with tempfile.TemporaryDirectory(prefix="safecoder-", ignore_cleanup_errors=True) as temporary:
        scratch = Path(temporary)
        # A folder of the same name: programs may show it.
        folder = scratch / "work" / (notebook.resolve().parent.name or "notebooks")
        copy_folder(notebook.resolve().parent, folder)
        manager = _ConfinedManager(
            kernel_name=_known_kernel(name),
            transport="ipc",
            connection_file=str(scratch / "kernel.json"),
        )
        client: BlockingKernelClient = manager.client()
        try:
            _start(manager, client, folder, _environment(scratch))
            kernel = ScratchKernel(manager, client)
            if not kernel.evaluate(install_expression()):
                raise NotebookError(
                    "Its kernel cannot be asked for names.", "Choose a kernel of ipykernel."
                )
            if not namespace_command():
                kernel.evaluate(f"__import__('builtins').exec({REFUSE_CONNECTIONS!r}, {{}})")
            yield kernel
        finally:
            client.stop_channels()
            _end(manager)


def _start(
    manager: KernelManager,
    client: BlockingKernelClient,
    folder: Path,
    environment: dict[str, str],
) -> None:
    try:
        # What libraries print past Python's streams is not to be in the output of a command.
        manager.start_kernel(cwd=str(folder), env=environment, stdout=DEVNULL, stderr=DEVNULL)
        client.load_connection_info(manager.get_connection_info())
        client.start_channels()
        client.wait_for_ready(timeout=_START_S)
    except (RuntimeError, OSError, NoSuchKernel) as error:
        raise NotebookError(
            f"A Python kernel could not be started ({type(error).__name__}).",
            "Check that ipykernel is installed: pip install ipykernel.",
        ) from error


def _end(manager: KernelManager) -> None:
    """End a kernel and what it has started, also if it has ended itself."""
    group = getattr(manager.provisioner, "pgid", None)
    if manager.has_kernel:
        manager.shutdown_kernel(now=True)
    if group is not None:
        with suppress(ProcessLookupError):
            os.killpg(group, SIGKILL)
    manager.cleanup_resources()


def _known_kernel(name: str) -> str:
    """Return the name of a kernel that is installed."""
    return name if name in KernelSpecManager().find_kernel_specs() else "python3"


def _environment(scratch: Path) -> dict[str, str]:
    """Return the environment of a kernel: without proxies, with directories of its own."""
    environment = without_proxies(child_environment())
    # A kernel imports the modules of the notebook's folder.
    environment.pop("PYTHONSAFEPATH", None)
    for variable, directory in (
        *(("HOME", "home"), ("TMPDIR", "tmp"), ("XDG_CACHE_HOME", "cache")),
        *(("IPYTHONDIR", "ipython"), ("MPLCONFIGDIR", "matplotlib")),
    ):
        (scratch / directory).mkdir()
        environment[variable] = str(scratch / directory)
    # Packages that were installed for this user stay: they are found by the home directory.
    if base := site.getuserbase():
        environment["PYTHONUSERBASE"] = base
    return {
        **environment,
        "MPLBACKEND": "Agg",
        "PYTHONHASHSEED": "0",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
