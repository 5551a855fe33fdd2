"""Accelerators of machines: each file of ``machines`` is a tree of files, and what it has."""

from __future__ import annotations

import os
import platform
import time
from pathlib import Path
from typing import Any

import psutil
import pytest

from jupyter_safecoder.engines.hardware.probe import probe
from jupyter_safecoder.files.toml import read_toml

MACHINES = sorted((Path(__file__).parent / "machines").glob("*.toml"))


def _write_files(root: Path, machine: dict[str, Any]) -> None:
    files = {**machine.get("files", {}), **machine.get("tools", {})}
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content.lstrip("\n"), "utf-8")
        path.chmod(0o755 if name in machine.get("tools", {}) else 0o644)
    for name, target in machine.get("links", {}).items():
        (root / name).symlink_to(target)


@pytest.fixture(autouse=True)
def path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/usr/bin:/bin:/usr/sbin")
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)


@pytest.mark.parametrize("file", MACHINES, ids=lambda file: file.stem)
def test_accelerators_of_a_machine(tmp_path: Path, file: Path) -> None:
    machine = read_toml(file)
    _write_files(tmp_path / "root", machine)
    found = probe(tmp_path / "root", machine["system"], machine["machine"])
    assert [a.kind for a in found] == [expected["kind"] for expected in machine["found"]]
    for accelerator, expected in zip(found, machine["found"], strict=True):
        assert {
            name: list(value) if isinstance(value := getattr(accelerator, name), tuple) else value
            for name in expected
        } == expected
        assert bool(accelerator.blocker) == bool(accelerator.remedy)


@pytest.mark.parametrize("value", ["", "-1"])
def test_cards_that_are_hidden_from_this_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    _write_files(tmp_path, {"files": {"dev/nvidia0": ""}})
    assert [a.kind for a in probe(tmp_path, "Linux")] == ["cpu", "cuda"]
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", value)
    assert [a.kind for a in probe(tmp_path, "Linux")] == ["cpu"]


def test_a_tool_that_hangs_is_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jupyter_safecoder.engines.hardware.device._TOOL_TIMEOUT_S", 0.2)
    tool = {"usr/bin/nvidia-smi": "#!/bin/sh\nexec sleep 60\n"}
    _write_files(tmp_path, {"files": {"dev/nvidia0": ""}, "tools": tool})
    start = time.monotonic()
    assert [a.name for a in probe(tmp_path, "Linux")][1:] == ["NVIDIA GPU"]
    assert time.monotonic() - start < 10


@pytest.mark.skipif(platform.system() != "Linux", reason="compares with Linux's own values")
def test_this_machine() -> None:
    cpu = probe()[0]
    assert cpu.kind == "cpu"
    assert cpu.name
    assert 1 <= cpu.cores <= len(os.sched_getaffinity(0))
    assert cpu.memory
    assert 0 < cpu.memory <= psutil.virtual_memory().total


@pytest.mark.skipif(Path("/dev/nvidia0").exists(), reason="nvidia-smi is slow")
def test_a_probe_takes_milliseconds() -> None:
    def seconds() -> float:
        start = time.perf_counter()
        probe()
        return time.perf_counter() - start

    assert min(seconds() for _ in range(3)) < 0.1
