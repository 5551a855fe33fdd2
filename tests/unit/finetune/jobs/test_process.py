"""The command that works on a job."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from jupyter_safecoder.finetune.jobs import process


@pytest.mark.parametrize("processes", [1, 3])
def test_several_processes_are_started_by_accelerate(
    processes: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: dict[str, Any] = {}

    class Popen:
        def __init__(self, command: list[str], **options: Any) -> None:
            started.update(options, command=command)

        def poll(self) -> None:
            return None

    monkeypatch.setattr(subprocess, "Popen", Popen)
    monkeypatch.setattr(process, "_STARTED", [])
    process.start_worker(tmp_path, processes)
    command = started["command"]
    assert command[0] == sys.executable
    assert command[-2:] == ["jupyter_safecoder.finetune", str(tmp_path)]
    assert ("accelerate.commands.launch" in command) is (processes > 1)
    if processes > 1:
        assert command[command.index("--num_processes") + 1] == "3"
    # It outlives the terminal or kernel that started it.
    assert started["start_new_session"]
    assert started["stdin"] == subprocess.DEVNULL
