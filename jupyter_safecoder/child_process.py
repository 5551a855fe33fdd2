"""Child processes of this package: one JSON object in, JSON lines out, stopped with their parent.

A parent runs a module with :func:`child_process` or :func:`async_child_process`. It writes a job as
one JSON line to the child's standard input and keeps that pipe open. The child reads the job with
:func:`read_job`, sends messages with the function of :func:`message_sender`, and is stopped by
:func:`stop_with_parent` when the pipe closes, which it also does if the parent is killed.

No child imports anything from its working directory, and none gets the secrets of a JupyterHub:
:func:`module_command` and :func:`child_environment`.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import IO, Any

#: Seconds that a child has for a clean exit before it is killed.
_EXIT_S = 3.0
#: Variables that no child needs: they open a JupyterHub, a Jupyter server or a database.
SECRET_VARIABLES = frozenset(
    {
        "CONFIGPROXY_AUTH_TOKEN",
        "JPY_API_TOKEN",
        "JUPYTERHUB_API_TOKEN",
        "JUPYTERHUB_CRYPT_KEY",
        "JUPYTER_SAFECODER_DATABASE",
        "JUPYTER_SAFECODER_SERVICE_TOKEN",
        "JUPYTER_TOKEN",
    }
)
#: What ``python -m`` does, with nothing relative on the path, such as the working directory. ``-P``
#: needs Python 3.11, and ``-I`` would leave out packages that the user has installed. The
#: interpreter itself has imported ``os`` before.
_RUN_MODULE = (
    "import os, sys; sys.path[:] = filter(os.path.isabs, sys.path); "
    "from runpy import run_module; "
    "run_module(sys.argv.pop(1), run_name='__main__', alter_sys=True)"
)

Message = dict[str, Any]


def module_command(module: str, *arguments: str) -> list[str]:
    """Return the command that runs a module with nothing from the working directory.

    That is often a folder of notebooks, which others may write to; ``python -m`` imports from it
    first. The environment is to be that of :func:`child_environment`.
    """
    return [sys.executable, "-c", _RUN_MODULE, module, *arguments]


def child_environment(changes: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return this process's environment for a child, without what no child needs.

    These are secrets of a JupyterHub, and the relative directories of ``PYTHONPATH``, from which
    Python would import ``sitecustomize`` before any code of ours runs.

    Parameters
    ----------
    changes
        Variables that are set.
    """
    environment = {
        name: value for name, value in os.environ.items() if name not in SECRET_VARIABLES
    }
    path = environment.pop("PYTHONPATH", "").split(os.pathsep)
    if absolute := [directory for directory in path if os.path.isabs(directory)]:
        environment["PYTHONPATH"] = os.pathsep.join(absolute)
    # For processes that the child starts; Python 3.10 ignores it.
    environment["PYTHONSAFEPATH"] = "1"
    return {**environment, **(changes or {})}


class ChildProcess:
    """A running child, from :func:`child_process`."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self.process = process

    def messages(self) -> Iterator[Message]:
        """Yield the child's messages as they come, until it closes its output."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if (message := _message(line)) is not None:
                yield message

    def first_message(self) -> Message | None:
        """Return the next message, or ``None`` if the child exits without one."""
        return next(self.messages(), None)


@contextmanager
def child_process(
    module: str,
    job: Mapping[str, Any],
    *,
    environment: Mapping[str, str] | None = None,
    stderr: int | IO[bytes] | None = None,
) -> Iterator[ChildProcess]:
    """Run a module of this package as a child process that is stopped with the context.

    Parameters
    ----------
    module
        Its full name.
    job
        What the child's :func:`read_job` returns.
    environment
        Variables that are set beside those of :func:`child_environment`.
    stderr
        Where its standard error goes, as for :class:`subprocess.Popen`.

    Raises
    ------
    OSError
        If the process cannot be started.
    """
    process = subprocess.Popen(  # noqa: S603 - a module of ours
        module_command(module),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=stderr,
        env=child_environment(environment),
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        with suppress(BrokenPipeError):  # it has exited: there will be no message
            process.stdin.write(_line(job))
            process.stdin.flush()
        yield ChildProcess(process)
    finally:
        with suppress(BrokenPipeError):
            process.stdin.close()
        try:
            process.wait(_EXIT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()


class AsyncChildProcess:
    """A running child, from :func:`async_child_process`."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process

    async def messages(self) -> AsyncIterator[Message]:
        """Yield the child's messages as they come, until it closes its output."""
        assert self.process.stdout is not None
        while True:
            try:
                line = await self.process.stdout.readline()
            except ValueError:  # longer than the reader's limit, and dropped
                continue
            if not line:
                return
            if (message := _message(line)) is not None:
                yield message


@asynccontextmanager
async def async_child_process(
    module: str, job: Mapping[str, Any], *, environment: Mapping[str, str] | None = None
) -> AsyncIterator[AsyncChildProcess]:
    """Run a module of this package as a child process, in a session of its own, for asyncio.

    The session keeps a Ctrl-C in the parent's terminal from the child.

    Parameters
    ----------
    module, job, environment
        As for :func:`child_process`.

    Raises
    ------
    OSError
        If the process cannot be started.
    """
    process = await asyncio.create_subprocess_exec(
        *module_command(module),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        env=child_environment(environment),
        start_new_session=os.name == "posix",
    )
    assert process.stdin is not None
    try:
        process.stdin.write(_line(job))
        yield AsyncChildProcess(process)
    finally:
        process.stdin.close()
        await _stop(process)


async def _stop(process: asyncio.subprocess.Process) -> None:
    if process.returncode is not None:
        return
    # It may not read its input yet: then the signal stops it at once.
    with suppress(ProcessLookupError):
        process.terminate()
    try:
        await asyncio.wait_for(process.wait(), _EXIT_S)
    except (asyncio.TimeoutError, asyncio.CancelledError):
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()


def exit_text(status: int) -> str:
    """Return in words how a process exited."""
    return f"signal {-status}" if status < 0 else f"exit status {status}"


def read_job() -> Message:
    """Return the job, in a child: the JSON object on the first line of standard input."""
    job: Message = json.loads(sys.stdin.buffer.readline())
    return job


def message_sender() -> Callable[[Mapping[str, Any]], None]:
    """Return the function that sends messages, in a child.

    From then on standard output belongs to it: what libraries print goes to standard error.
    """
    messages = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)

    def send(message: Mapping[str, Any]) -> None:
        messages.write(_line(message))
        messages.flush()

    return send


def stop_with_parent(stop: Callable[[], object] = lambda: os._exit(1)) -> None:
    """Have ``stop`` called in a thread when standard input closes, in a child.

    Parameters
    ----------
    stop
        The default exits at once, without any cleanup.
    """

    def wait() -> None:
        # Not sys.stdin: a thread that is blocked in it disturbs the interpreter's exit.
        while os.read(0, 1024):
            pass
        stop()

    threading.Thread(target=wait, name="safecoder-parent", daemon=True).start()


def _message(line: bytes) -> Message | None:
    """Return a line as a message; ``None`` if it is something that a library has printed.

    Libraries can print before :func:`message_sender` takes the standard output away from them.
    """
    try:
        message = json.loads(line)
    except ValueError:
        return None
    return message if isinstance(message, dict) else None


def _line(content: Mapping[str, Any]) -> bytes:
    return json.dumps(content).encode() + b"\n"
