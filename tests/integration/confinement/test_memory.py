"""A process that has prompts leaves no core dump, and no other process reads its memory."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.processes import run_python

PROGRAM = """
import ctypes, json, resource
from jupyter_safecoder.confinement import keep_memory_private
keep_memory_private()
PR_GET_DUMPABLE = 3
dumpable = ctypes.CDLL(None).prctl(PR_GET_DUMPABLE, 0, 0, 0, 0)
print(json.dumps([resource.getrlimit(resource.RLIMIT_CORE), dumpable]))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="Only Linux has this switch.")
def test_no_core_dump() -> None:
    assert json.loads(run_python(PROGRAM).stdout) == [[0, 0], 0]


@pytest.mark.skipif(sys.platform != "linux", reason="Core dumps of Linux are searched.")
@pytest.mark.parametrize("is_private", [True, False])
def test_a_process_that_aborts(tmp_path: Path, is_private: bool) -> None:
    program = (
        "import os, resource\n"
        "hard = resource.getrlimit(resource.RLIMIT_CORE)[1]\n"
        "resource.setrlimit(resource.RLIMIT_CORE, (hard, hard))\n"
        "from jupyter_safecoder.confinement import keep_memory_private\n"
        f"{is_private} and keep_memory_private()\n"
        "os.abort()\n"
    )
    directory = tmp_path / "cores"
    directory.mkdir()
    done = subprocess.run([sys.executable, "-c", program], cwd=directory)
    assert done.returncode == -signal.SIGABRT
    if is_private:
        assert list(directory.iterdir()) == []
    elif not list(directory.iterdir()):
        pytest.skip("This system writes no core dumps to the working directory.")
