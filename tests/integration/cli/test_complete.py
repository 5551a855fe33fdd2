"""``jupyter safecoder complete`` and ``infill``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from jupyter_safecoder.cli.main import main
from jupyter_safecoder.clients.connection import find_connections
from tests.support.cli import complete_arguments, run, run_json, scripted_model
from tests.support.notebook_files import write_notebook
from tests.support.processes import runtime_process, until

PERCENTILES = {"p50", "p95"}


@pytest.fixture
def model(tmp_path: Path) -> list[str]:
    return scripted_model(tmp_path)


def test_complete(tmp_path: Path, model: list[str]) -> None:
    path = write_notebook(tmp_path / "n.ipynb", ("markdown", "# T"), ("code", "x = 1\nimport nu\n"))
    report = run_json(*complete_arguments(path, 1, 1, 9), *model)
    assert report["text"] == "mpy as np"
    assert set(report) == {
        *("text", "ttft_ms", "total_ms", "prompt_tokens", "completion_tokens"),
        *("finish_reason", "layout"),
    }
    assert 0 <= report["ttft_ms"] <= report["total_ms"]
    assert (report["completion_tokens"], report["finish_reason"]) == (9, "end")
    assert report["layout"] == "spm"
    assert (
        run_json(*complete_arguments(path, 1, 1, 9), *model, "--layout", "psm")["layout"] == "psm"
    )


def test_columns_count_characters_and_output_is_unicode(tmp_path: Path, model: list[str]) -> None:
    path = write_notebook(tmp_path / "n.ipynb", ("code", "\U0001f600 = '\U0001f600'"))
    assert run(*complete_arguments(path, 0, 0, 5), *model).stdout == "é\U0001f680\n"


def test_a_terminal_that_lacks_the_characters(tmp_path: Path, model: list[str]) -> None:
    path = write_notebook(tmp_path / "n.ipynb", ("code", "\U0001f600 = '"))
    done = run(*complete_arguments(path, 0, 0, 5), *model, PYTHONIOENCODING="ascii")
    assert done.stdout == "??\n"


def test_another_kernel_language(tmp_path: Path, model: list[str]) -> None:
    path = write_notebook(
        tmp_path / "n.ipynb", ("code", "x <- "), kernelspec={"name": "ir", "language": "R"}
    )
    assert run_json(*complete_arguments(path, 0, 0, 5), *model)["text"] == "c(1)"


def test_an_empty_cell(tmp_path: Path, model: list[str]) -> None:
    path = write_notebook(tmp_path / "n.ipynb", ("code", ""))
    report = run_json(*complete_arguments(path, 0, 0, 0), *model)
    assert (report["text"], report["finish_reason"]) == ("", "empty_prompt")


def test_a_bad_position_is_one_line_on_standard_error(tmp_path: Path) -> None:
    path = write_notebook(tmp_path / "n.ipynb", ("markdown", "# T"))
    done = run(*complete_arguments(path, 0, 0, 0), "--json", status=1)
    assert "markdown cell" in done.stderr
    assert done.stderr.count("\n") == 1
    assert done.stdout == ""


@pytest.mark.parametrize(
    ("position", "reason"),
    [
        ((2, 0, 0), "no cell 2"),
        ((-1, 0, 0), "no cell -1"),
        ((0, 0, 0), "markdown cell"),
        ((3, 0, 0), "no cell 3"),
        ((1, 2, 0), "no line 2"),
        ((1, -1, 0), "no line -1"),
        ((1, 1, 3), "no column 3"),
        ((1, 0, -1), "no column -1"),
    ],
)
def test_positions_that_are_not_in_the_notebook(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], position: tuple[int, int, int], reason: str
) -> None:
    path = write_notebook(tmp_path / "n.ipynb", ("markdown", "# T"), ("code", "x\nyy"))
    _prints_error(capsys, path, position, reason)


def _prints_error(
    capsys: pytest.CaptureFixture[str], path: Path, position: tuple[int, int, int], reason: str
) -> None:
    assert main([str(argument) for argument in complete_arguments(path, *position)]) == 1
    captured = capsys.readouterr()
    assert reason in captured.err
    assert captured.err.count("\n") == 1
    assert captured.out == ""


NOTEBOOK = '{"nbformat":4,"nbformat_minor":4,"metadata":%s,"cells":%s}'


@pytest.mark.parametrize(
    "content",
    [
        *("Not a notebook.", "", "[]", "{}", "5", "null", '"text"', "[" * 100_000),
        '{"nbformat":99,"cells":[]}',
        NOTEBOOK % ("{}", "5"),
        NOTEBOOK % ("{}", "[{}]"),
        NOTEBOOK % ('{"language_info":"R"}', "[]"),
        NOTEBOOK % ("{}", '[{"cell_type":"code","source":"","outputs":[{}],"metadata":{}}]'),
    ],
)
@pytest.mark.filterwarnings("ignore")
def test_files_that_are_not_notebooks(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str
) -> None:
    path = tmp_path / "n.ipynb"
    path.write_text(content)
    assert main([str(argument) for argument in complete_arguments(path, 0, 0, 0)]) == 1
    assert "is not a Jupyter notebook" in capsys.readouterr().err


def test_files_that_cannot_be_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _prints_error(capsys, tmp_path / "none.ipynb", (0, 0, 0), "There is no file")
    _prints_error(capsys, tmp_path, (0, 0, 0), "cannot be read")
    (tmp_path / "binary.ipynb").write_bytes(b"\xff\xfe\x00")
    _prints_error(capsys, tmp_path / "binary.ipynb", (0, 0, 0), "not a Jupyter notebook")


def test_an_empty_notebook(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _prints_error(capsys, write_notebook(tmp_path / "n.ipynb"), (0, 0, 0), "0 cells")


def test_a_refused_request_is_one_line(tmp_path: Path, model: list[str]) -> None:
    path = write_notebook(tmp_path / "n.ipynb", ("code", "x"))
    done = run(*complete_arguments(path, 0, 0, 1), *model, "--max-tokens", 0, status=1)
    assert "max_tokens" in done.stderr
    done = run(*complete_arguments(path, 0, 0, 1), "--model", tmp_path / "none", status=1)
    assert str(tmp_path / "none") in done.stderr
    big = write_notebook(tmp_path / "big.ipynb", ("code", "#" * 17_000_000), ("code", "x"))
    done = run(*complete_arguments(big, 1, 0, 1), *model, status=1)
    assert "larger than" in done.stderr


def test_no_runtime_is_left_behind(tmp_path: Path, model: list[str]) -> None:
    path = write_notebook(tmp_path / "n.ipynb", ("code", "x = "))
    run(*complete_arguments(path, 0, 0, 4), *model)
    assert find_connections() == []


def test_a_loading_runtime_is_waited_for(tmp_path: Path) -> None:
    script = {"otherwise": "late", "load_ms": 1500}
    with runtime_process(tmp_path / "runtime", script) as runtime:
        until(lambda: runtime.client.status().state == "loading")
        path = write_notebook(tmp_path / "n.ipynb", ("code", "x = "))
        assert run(*complete_arguments(path, 0, 0, 4)).stdout == "late\n"


def _task(**changes: Any) -> dict[str, Any]:
    cells = [{"type": "code", "source": "a = 1", "output": "1"}, {"type": "code", "source": "?"}]
    task = {"id": "n#1", "cells": cells, "cell_index": 1, "prefix": "import nu", "suffix": ""}
    return {**task, "expected": "mpy as np  \nmore", **changes}


def test_infill(tmp_path: Path, model: list[str]) -> None:
    path = tmp_path / "tasks.jsonl"
    tasks = [_task(), _task(prefix="x = ", expected="pas"), _task(suffix="\u2028\x0c\x85")]
    # A JSON string may hold ends of lines other than \n as they are.
    path.write_text("\n".join(json.dumps(task, ensure_ascii=False) for task in tasks) + "\n\n")
    report = run_json("infill", path, *model, "--layout", "context")
    assert {"tasks", "exact_match", "edit_similarity", "layout", "ttft_ms", "total_ms"} <= set(
        report
    )
    assert (report["tasks"], report["layout"]) == (3, "context")
    assert report["exact_match"] == pytest.approx(2 / 3, abs=1e-4)
    assert report["edit_similarity"] == pytest.approx((1 + 1 + 6 / 7) / 3, abs=1e-4)
    for name in ("ttft_ms", "total_ms"):
        assert set(report[name]) == PERCENTILES


@pytest.mark.parametrize(
    "content", ["", "{}", "[]", "x", json.dumps(_task(cells=5)), json.dumps(_task(cell_index="x"))]
)
def test_infill_of_a_file_without_tasks(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str
) -> None:
    path = tmp_path / "tasks.jsonl"
    path.write_text(content)
    assert main(["infill", str(path)]) == 1
    captured = capsys.readouterr()
    assert str(path) in captured.err
    assert captured.err.count("\n") == 1


def test_what_is_off_is_not_completed(tmp_path: Path) -> None:
    """No runtime is started for it: the model does not exist."""
    path = write_notebook(tmp_path / "n.ipynb", ("code", "import nu"))
    model = ["--engine", "scripted", "--model", str(tmp_path / "none")]
    (tmp_path / ".safecoderignore").write_text("n.*\n")
    report = run_json(*complete_arguments(path, 0, 0, 9), *model)
    assert (report["text"], report["finish_reason"]) == ("", "excluded")
    (tmp_path / ".safecoderignore").unlink()
    data = json.loads(path.read_text())
    data["cells"][0]["metadata"]["tags"] = ["safecoder-off"]
    path.write_text(json.dumps(data))
    report = run_json(*complete_arguments(path, 0, 0, 9), *model)
    assert (report["text"], report["finish_reason"]) == ("", "excluded")
