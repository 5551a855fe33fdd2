"""The tests of the embedded model, with only the loopback interface.

They run in a network namespace in which no other interface is up. That they pass shows that no
other machine is needed. The kernel's counters of the namespace show that no connection to another
machine is tried either. They count every process in it from its start, the browser included:

- A connection or a datagram to any other address has no route and is counted as ``OutNoRoutes``.
- A DNS lookup at a resolver on a loopback address, where none runs, is a datagram to a closed port
  and is counted as ``NoPorts``.

Tracing the system calls would show the same, but slow the model down.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.loopback_only import namespace_command
from tests.support.paths import ROOT

_RUNNER = ROOT / "tests/support/loopback_only.py"


def test_nothing_connects_to_another_machine(tmp_path: Path) -> None:
    if not (enter := namespace_command()):
        pytest.skip("No network namespace can be created: unshare (util-linux) does it.")
    report = tmp_path / "report.json"
    tests = Path(__file__).with_name("test_embedded.py")
    command = [*enter, sys.executable, str(_RUNNER), str(report), str(tests)]
    run = subprocess.run(command, capture_output=True, text=True, timeout=150)
    assert run.returncode == 0, run.stdout + run.stderr
    counters = json.loads(report.read_text())
    assert counters["before"] == counters["after"], run.stdout
    # Connections and a lookup that were made on purpose are counted.
    assert all(counters["control"][name] > counters["after"][name] for name in counters["after"])
