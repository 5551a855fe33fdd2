"""What a process without the right to read leaves out."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.support.team_notebooks import write_notebook


def test_a_file_that_cannot_be_read(team: Path) -> None:
    write_notebook(team / "closed.ipynb", "x = 1").chmod(0)
    (team / "locked").mkdir()
    write_notebook(team / "locked" / "a.ipynb", "x = 1")
    (team / "locked").chmod(0)
    # Root may read everything, unless it gives that right away.
    drop = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"] if not os.geteuid() else []
    command = [*drop, sys.executable, "-m", "jupyter_safecoder", "corpus", str(team), "--json"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    finally:
        (team / "locked").chmod(0o700)
    report = json.loads(done.stdout)
    found = {Path(row["path"]).name: row["reason"] for row in report["left_out"]}
    assert found == dict.fromkeys(("closed.ipynb", "locked"), "cannot be read: Permission denied")
    assert len(report["taken"]) == 6
