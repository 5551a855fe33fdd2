"""The embedded model's tests once more, where there is no network but the machine itself.

They run in a network namespace of their own, in which only the loopback interface is up. That they
pass shows that nothing is needed from elsewhere. That nothing is tried either is read from the
kernel's counters of that namespace, which see every process in it, from the first moment on, the
browser included: a connection or a datagram to any other address has no route and is counted as
OutNoRoutes; a name look-up at a resolver on the loopback address, where none runs, is a datagram
to a closed port and is counted as NoPorts. No tracing is needed, which would slow the model down.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.paths import ROOT

_INSIDE = ROOT / "tests/support/loopback_only.py"


def test_nothing_is_wanted_from_elsewhere(tmp_path: Path) -> None:
    enter = _namespace()
    report = tmp_path / "report.json"
    tests = Path(__file__).with_name("test_embedded.py")
    command = [*enter, sys.executable, str(_INSIDE), str(report), str(tests)]
    run = subprocess.run(command, capture_output=True, text=True, timeout=150)
    assert run.returncode == 0, run.stdout + run.stderr
    counted = json.loads(report.read_text())
    assert counted["before"] == counted["after"], run.stdout
    # The counters do count: a connection and a look-up on purpose are seen.
    assert all(counted["control"][name] > counted["after"][name] for name in counted["after"])


def _namespace() -> list[str]:
    """Return the command that enters a new namespace, or skip where there can be none."""
    unshare = shutil.which("unshare")
    if unshare is None:
        pytest.skip("There is no unshare (of util-linux) here: no network namespace can be made.")
    command = [unshare, "--net"] if os.geteuid() == 0 else [unshare, "--map-root-user", "--net"]
    probe = subprocess.run([*command, "true"], capture_output=True, text=True)
    if probe.returncode != 0:
        pytest.skip(f"This machine allows no network namespace: {probe.stderr.strip()}")
    return command
