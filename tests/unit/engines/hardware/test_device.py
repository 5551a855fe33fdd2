"""The description of an accelerator, and what is read of files and tools."""

from __future__ import annotations

from pathlib import Path

import pytest

from jupyter_safecoder.engines.hardware.device import (
    Accelerator,
    count_cores,
    parse_int,
    read_file,
    run_tool,
)


def test_detail_lists_what_is_known() -> None:
    cpu = Accelerator("cpu", "AMD EPYC", 32_000_000_000, ("avx2", "avx512f"), cores=2)
    assert cpu.instruction_set == "AVX-512"
    assert cpu.detail == "2 cores, AVX-512, 32.0 GB"
    gpu = Accelerator("cuda", "GPU", features=("sm_90",), driver="550", blocker="it is missing")
    assert gpu.instruction_set == ""
    assert gpu.detail == "sm_90, driver 550, it is missing"
    assert Accelerator("cuda", "GPU").detail == ""


def test_count_cores() -> None:
    assert [count_cores(number) for number in (1, 2)] == ["1 core", "2 cores"]


@pytest.mark.parametrize(
    ("text", "number"), [("12", 12), (" 12\n", 12), ("", 0), (None, 0), ("-1", 0), ("12 GB", 0)]
)
def test_parse_int(text: str | None, number: int) -> None:
    assert parse_int(text) == number


def test_a_file_that_cannot_be_read_is_empty(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b" \xff text\n")
    assert read_file(tmp_path / "file") == "\ufffd text"
    assert read_file(tmp_path / "none") == ""


def test_a_tool_is_found_below_the_root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/bin")
    tool = tmp_path / "bin" / "tool"
    tool.parent.mkdir()
    tool.write_text('#!/bin/sh\necho "$1"\nexit "$2"\n')
    tool.chmod(0o755)
    assert run_tool(tmp_path, "tool", "text", "0") == "text\n"
    assert run_tool(tmp_path, "tool", "text", "1") == ""
    assert run_tool(tmp_path, "another") == ""
