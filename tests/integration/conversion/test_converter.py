"""Real conversions of a tiny checkpoint, through the command line."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import psutil
import pytest

from jupyter_safecoder.conversion import Store, find_converted
from jupyter_safecoder.models import resolve_model
from tests.support.processes import children_that_run, until

COMMAND = (sys.executable, "-m", "jupyter_safecoder.cli.main", "model")


def _start(*arguments: object, cache: Path, before: Sequence[str] = ()) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*before, *COMMAND, *map(str, arguments), "--cache-dir", str(cache), "--json"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def _report(process: subprocess.Popen[str]) -> dict[str, Any]:
    output, errors = process.communicate(timeout=120)
    assert process.returncode == 0, errors
    report: dict[str, Any] = json.loads(output)
    return report


def _error(process: subprocess.Popen[str]) -> str:
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 1
    assert "Traceback" not in errors
    return errors


@pytest.fixture(scope="module")
def prepared(
    tiny_checkpoint: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, list[dict[str, Any]]]:
    """Return a cache and the reports of two processes that prepared a checkpoint at once."""
    cache = tmp_path_factory.mktemp("prepared") / "cache"
    both = [_start("prepare", tiny_checkpoint, cache=cache) for _ in range(2)]
    return cache, [_report(process) for process in both]


def test_another_checkpoint_is_another_conversion(
    tiny_checkpoint: Path, prepared: tuple[Path, list[dict[str, Any]]], tmp_path: Path
) -> None:
    """The content counts, not the name."""
    cache, reports = prepared
    copy = tmp_path / "copy"
    shutil.copytree(tiny_checkpoint, copy)
    found = find_converted(resolve_model(str(copy)), "openvino", "int8", cache)
    assert found is not None
    assert str(found.directory) == reports[0]["directory"]
    weights = copy / "model.safetensors"
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)
    assert find_converted(resolve_model(str(copy)), "openvino", "int8", cache) is None
    assert find_converted(resolve_model(str(tiny_checkpoint)), "openvino", "fp32", cache) is None


def test_two_processes_convert_a_checkpoint_once_and_a_third_finds_it(
    tiny_checkpoint: Path, prepared: tuple[Path, list[dict[str, Any]]]
) -> None:
    cache, reports = prepared
    assert reports[0]["directory"] == reports[1]["directory"]
    (converted,) = Store(cache).all()
    assert converted.precision == "int8"
    assert converted.is_complete()
    # Both report the same conversion.
    assert {report["seconds"] for report in reports} == {converted.seconds}
    third = _report(_start("prepare", tiny_checkpoint, cache=cache))
    assert third["reused"] is True
    assert list(third) == [
        *("model", "engine", "precision", "directory", "size_mb", "seconds", "reused")
    ]
    _report(_start("verify", tiny_checkpoint, cache=cache))
    listed = _report(_start("list", cache=cache))["models"]
    assert [row["directory"] for row in listed if row["kind"] == "prepared"] == [third["directory"]]
    removed = _report(_start("remove", tiny_checkpoint, cache=cache))
    assert removed["removed"] == [third["directory"]]
    assert Store(cache).all() == []
    assert (tiny_checkpoint / "config.json").exists()


def _exports() -> list[psutil.Process]:
    return children_that_run("jupyter_safecoder.conversion.export")


def test_a_killed_conversion_leaves_nothing_incomplete(tiny_checkpoint: Path, cache: Path) -> None:
    process = _start("prepare", tiny_checkpoint, cache=cache)
    (export,) = until(_exports, 60)
    export.send_signal(signal.SIGKILL)
    error = _error(process)
    assert "signal 9" in error
    assert "GB of memory" in error
    assert Store(cache).all() == []

    process = _start("prepare", tiny_checkpoint, cache=cache)
    (export,) = until(_exports, 60)
    process.kill()
    process.communicate(timeout=60)
    # The export notices that its parent is gone, and stops.
    until(lambda: not export.is_running() or export.status() == "zombie", 60)
    assert Store(cache).all() == []

    assert _report(_start("prepare", tiny_checkpoint, cache=cache))["reused"] is False
    assert [p.name for p in (cache / "prepared").iterdir() if p.name.endswith(".partial")] == []


_SMALL_DISK = shutil.which("unshare") is not None and os.name == "posix"


def _on_a_disk_of(megabytes: int, path: Path) -> list[str]:
    """Return the start of a command that sees a small, empty disk at a path."""
    path.mkdir(parents=True)
    mount = f'mount -t tmpfs -o size={megabytes}m tmpfs "$0" && exec "$@"'
    return ["unshare", "-rm", "sh", "-c", mount, str(path)]


@pytest.mark.skipif(not _SMALL_DISK, reason="no mount namespaces here")
def test_a_disk_that_is_too_small_is_refused(tiny_checkpoint: Path, cache: Path) -> None:
    disk = _on_a_disk_of(20, cache)
    error = _error(_start("prepare", tiny_checkpoint, cache=cache, before=disk))
    assert "needs 0.1 GB on the disk" in error
    assert "0.0 GB are free" in error
    assert "c.SafeCoder.cache_dir" in error


@pytest.mark.skipif(not _SMALL_DISK, reason="no mount namespaces here")
@pytest.mark.parametrize("precision", ["int8", "fp16"])
def test_a_disk_that_fills_up_during_the_export(
    tiny_checkpoint: Path, cache: Path, precision: str
) -> None:
    disk = _on_a_disk_of(1, cache)
    job = {
        "source": str(tiny_checkpoint),
        "target": str(cache),
        "engine": "openvino",
        "precision": precision,
    }
    export = [sys.executable, "-m", "jupyter_safecoder.conversion.export"]
    process = subprocess.Popen(
        [*disk, *export], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdin
    assert process.stdout
    with process:
        process.stdin.write(json.dumps(job) + "\n")
        process.stdin.flush()
        messages = [json.loads(line) for line in process.stdout]
    assert process.returncode == 1
    assert "disk is full" in messages[-1]["error"]
    assert "c.SafeCoder.cache_dir" in messages[-1]["remedy"]
    shares = [line["share"] for line in messages[:-1]]
    assert shares == sorted(shares)


def test_a_cache_that_cannot_be_written(tiny_checkpoint: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    error = _error(_start("prepare", tiny_checkpoint, cache=tmp_path / "file" / "cache"))
    assert "could not be converted" in error
    assert "c.SafeCoder.cache_dir" in error
