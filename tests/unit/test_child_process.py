"""A child process takes a job, sends messages, and never outlives its parent."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import psutil
import pytest

from jupyter_safecoder.child_process import (
    SECRET_VARIABLES,
    async_child_process,
    child_environment,
    child_process,
    exit_text,
)
from jupyter_safecoder.clients.hub_environment import SERVICE_TOKEN_VARIABLE, TOKEN_VARIABLE
from jupyter_safecoder.hub.constants import DATABASE_VARIABLE
from tests.support.processes import is_gone, until

CHILD = """
import os, sys, time
print("what a library prints when it is imported")
print("x" * 200_000)
print("[1]\\n\\n5", flush=True)
from jupyter_safecoder.child_process import message_sender, read_job, stop_with_parent
job = read_job()
stop_with_parent()
send = message_sender()
print("what a library prints")
os.system("echo what a program prints")
send({"pid": os.getpid(), **job})
for number in range(job.get("messages", 0)):
    send({"number": number})
time.sleep(job.get("sleep", 0))
sys.exit(job.get("status", 0))
"""
PARENT = """
import time
from jupyter_safecoder.child_process import child_process
with child_process("child_of_test", {"sleep": 300}) as child:
    print(child.first_message()["pid"], flush=True)
    time.sleep(300)
"""


@pytest.fixture(autouse=True)
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    (tmp_path / "child_of_test.py").write_text(CHILD)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    return "child_of_test"


def test_messages_are_the_child_s_alone(module: str, capfd: pytest.CaptureFixture[str]) -> None:
    """What libraries print does not come between them."""
    with child_process(module, {"messages": 2, "text": "é\n"}) as child:
        first, *others = child.messages()
        assert first["text"] == "é\n"
        assert others == [{"number": 0}, {"number": 1}]
        assert child.process.wait() == 0
    printed = capfd.readouterr()
    assert "what a library prints" in printed.err
    assert "what a program prints" in printed.err


#: Modules that Python and a child import first, as a hostile folder has them.
HOSTILE = ("os", "json", "runpy", "sitecustomize", "usercustomize", "tornado", "numpy", "asyncio")


@pytest.mark.parametrize("python_path", ["", ".", "..", "relative"])
def test_nothing_is_imported_from_the_working_directory(
    python_path: str, module: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "notebooks"
    (folder / "relative").mkdir(parents=True)
    executed = folder / "executed"
    for directory in (folder, folder / "relative"):
        for name in HOSTILE:
            (directory / f"{name}.py").write_text(f"open({str(executed)!r}, 'a').write('{name} ')")
    monkeypatch.chdir(folder)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, (str(tmp_path), python_path))))
    with child_process(module, {"messages": 1}) as child:
        assert len(list(child.messages())) == 2

    async def messages() -> int:
        async with async_child_process(module, {"messages": 1}) as child:
            return len([message async for message in child.messages()])

    assert asyncio.run(messages()) == 2
    # A process that the child starts itself.
    code = "import json, runpy, numpy"
    subprocess.run([sys.executable, "-c", code], env=child_environment(), check=True)
    assert not executed.exists() or sys.version_info < (3, 11)


def test_a_child_gets_no_secret_of_a_hub(module: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert {TOKEN_VARIABLE, SERVICE_TOKEN_VARIABLE, DATABASE_VARIABLE} < SECRET_VARIABLES
    for name in SECRET_VARIABLES:
        monkeypatch.setenv(name, "secret")
    with child_process(module, {}, environment={"OTHER": "1"}) as child:
        child.first_message()
        environment = psutil.Process(child.process.pid).environ()
    assert not SECRET_VARIABLES & set(environment)
    assert environment["OTHER"] == "1"
    assert environment["PATH"] == os.environ["PATH"]


def test_the_end_of_the_context_stops_the_child(module: str) -> None:
    with child_process(module, {"sleep": 300}) as child:
        message = child.first_message()
        assert message is not None
        assert not is_gone(message["pid"])
    assert is_gone(message["pid"])


def test_a_child_that_exits_at_once_has_no_message(capfd: pytest.CaptureFixture[str]) -> None:
    with child_process("jupyter_safecoder.no_such_module", {"text": "x" * 100_000}) as child:
        assert child.first_message() is None
        assert child.process.wait() == 1
    assert "no_such_module" in capfd.readouterr().err


def test_a_child_that_does_not_stop_is_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "stubborn.py").write_text(
        "import signal, time\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "print('{}', flush=True)\n"
        "time.sleep(300)\n"
    )
    monkeypatch.setattr("jupyter_safecoder.child_process._EXIT_S", 0.2)
    with child_process("stubborn", {}) as child:
        child.first_message()
    assert child.process.returncode == -signal.SIGKILL

    async def run() -> int | None:
        async with async_child_process("stubborn", {}) as child:
            await anext(child.messages())
        return child.process.returncode

    assert asyncio.run(run()) == -signal.SIGKILL


def test_a_killed_parent_takes_its_child_along(module: str) -> None:
    with subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE) as parent:
        assert parent.stdout
        pid = int(parent.stdout.readline())
        assert not is_gone(pid)
        parent.kill()
    until(lambda: is_gone(pid), 10)


def test_the_same_for_asyncio(module: str) -> None:
    async def run() -> tuple[list[dict[str, Any]], int]:
        async with async_child_process(module, {"messages": 1, "status": 7}) as child:
            messages = [message async for message in child.messages()]
            return messages, await child.process.wait()

    messages, status = asyncio.run(run())
    assert messages[1:] == [{"number": 0}]
    assert status == 7


def test_a_cancelled_task_stops_the_child(module: str) -> None:
    async def run() -> int:
        started: asyncio.Future[int] = asyncio.get_running_loop().create_future()

        async def hold() -> None:
            async with async_child_process(module, {"sleep": 300}) as child:
                started.set_result((await anext(child.messages()))["pid"])
                await child.process.wait()

        task = asyncio.ensure_future(hold())
        pid = await started
        assert os.getsid(pid) != os.getsid(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return pid

    assert is_gone(asyncio.run(run()))


@pytest.mark.parametrize(
    ("status", "text"), [(-9, "signal 9"), (1, "exit status 1"), (0, "exit status 0")]
)
def test_how_a_process_exited(status: int, text: str) -> None:
    assert exit_text(status) == text
