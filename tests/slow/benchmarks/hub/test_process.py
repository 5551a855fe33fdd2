"""A benchmark that is interrupted leaves no process and no file."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import suppress
from functools import partial
from pathlib import Path

import psutil
import pytest

from tests.support.processes import children_that_run, until

#: A shell that runs tests in the background lets them, and what they start, ignore interrupts.
_heed_interrupts = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)


@pytest.mark.parametrize("begun", ["jupyter_safecoder hub", "jupyter_safecoder.runtime"])
def test_interrupted(tmp_path: Path, begun: str) -> None:
    command = [sys.executable, "-m", "benchmarks", "hub", "--users", "2"]
    children: list[psutil.Process] = []
    process = subprocess.Popen(
        command,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=_heed_interrupts,
        env={**os.environ, "TMPDIR": str(tmp_path / "tmp")},
    )
    try:
        until(lambda: children_that_run(begun, process.pid), 60)
        children = psutil.Process(process.pid).children(recursive=True)
        process.send_signal(signal.SIGINT)
        _, error = process.communicate(timeout=60)
        _, alive = psutil.wait_procs(children, timeout=10)
    finally:
        for started in [process, *children]:
            with suppress(psutil.NoSuchProcess):
                started.kill()
    assert process.returncode == 1
    assert "Interrupted." in error
    assert len(children) >= 2  # the Hub and its service at least
    assert not alive
    assert not list((tmp_path / "tmp").glob("tmp*"))
