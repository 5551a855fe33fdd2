"""Processes of this host are distinguished by their start time, without a signal."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from jupyter_safecoder.clients import host
from jupyter_safecoder.clients.discovery import own_runtime
from jupyter_safecoder.errors import RuntimeRequestError
from jupyter_safecoder.settings import RuntimeSettings

needs_proc = pytest.mark.skipif(not os.path.exists("/proc/self/stat"), reason="needs /proc")


def test_the_tag_of_a_host_is_a_part_of_a_file_name() -> None:
    assert host.host_tag() == host.host_tag()
    assert len(host.host_tag()) == 8
    assert host.host_tag().isalnum()


@needs_proc
def test_a_process_id_that_is_used_again_is_another_process() -> None:
    started = host.start_time(os.getpid())
    assert started is not None
    assert host.is_running(os.getpid(), started)
    assert host.is_running(os.getpid())
    assert not host.is_running(os.getpid(), started - 1)
    # The oldest process is another one, whatever its name.
    assert host.start_time(1) != started


@needs_proc
def test_a_process_that_nobody_has_waited_for_does_not_run() -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        assert not host.is_running(process.pid)
        process.wait()
        assert host.start_time(process.pid) is None
        assert not host.is_running(process.pid)


@pytest.mark.parametrize("pid", [0, -1, -(2**31), 2**31 - 1])
def test_ids_that_no_process_has(pid: int) -> None:
    assert not host.is_running(pid)


def test_no_signal_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    """On Windows signal 0 is Ctrl+C, and any other one ends the process."""

    def kill(pid: int, number: int) -> None:
        pytest.fail(f"Signal {signal.Signals(number)} was sent.")

    monkeypatch.setattr(os, "kill", kill)
    assert host.is_running(os.getpid())


def test_windows_is_refused_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    host.check_platform()
    monkeypatch.setattr(sys, "platform", "win32")
    with (
        pytest.raises(RuntimeRequestError, match="not supported on Windows") as raised,
        own_runtime(RuntimeSettings()),
    ):
        pytest.fail("There is no runtime.")
    assert "JupyterHub" in raised.value.remedy


def test_a_system_without_proc(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(host, "_SELF", Path("/nowhere"))
    assert host.is_running(os.getpid(), started=7)
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    assert not host.is_running(process.pid)
