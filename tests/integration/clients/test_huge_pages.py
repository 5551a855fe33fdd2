"""Processes that hold weights ask for huge pages, however they are started."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from jupyter_safecoder.clients.discovery import own_runtime
from jupyter_safecoder.clients.huge_pages import huge_page_variables
from jupyter_safecoder.engines.scripted import write_scripted_model
from jupyter_safecoder.settings import RuntimeSettings
from tests.support.processes import children_that_run

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="a setting of glibc")
NAME = "GLIBC_TUNABLES"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("", "glibc.malloc.hugetlb=1"),
        ("glibc.malloc.check=3", "glibc.malloc.check=3:glibc.malloc.hugetlb=1"),
        ("glibc.malloc.hugetlb=0", "glibc.malloc.hugetlb=0"),
    ],
)
def test_a_value_that_is_set_is_kept(
    given: str, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(NAME, given)
    assert {NAME: given, **huge_page_variables()}[NAME] == expected


def test_a_child_of_ours(tmp_path: Path) -> None:
    model = write_scripted_model(tmp_path / "model", {"otherwise": "pass"})
    with own_runtime(RuntimeSettings(str(model), engine="scripted")) as client:
        client.wait_until_ready()
        [runtime] = children_that_run("jupyter_safecoder.runtime")
        assert "hugetlb=1" in runtime.environ()[NAME]


def test_a_runtime_by_hand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(NAME, raising=False)
    model = write_scripted_model(tmp_path / "model", {"otherwise": "pass"})
    command = [sys.executable, "-m", "jupyter_safecoder.cli.main", "serve", "--engine", "scripted"]
    with subprocess.Popen(
        [*command, "--model", str(model)], stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        assert "Connection file" in process.stdout.readline()
        assert "hugetlb=1" in psutil.Process(process.pid).environ()[NAME]
        process.terminate()
