"""``jupyter safecoder`` as people and programs run it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from jupyter_safecoder.cli.main import main
from jupyter_safecoder.clients.connection import find_connections
from jupyter_safecoder.engines.scripted import write_scripted_model
from jupyter_safecoder.models import EMBEDDED
from tests.support.notebook_files import write_notebook
from tests.support.processes import runtime_process, until

SCRIPT: dict[str, Any] = {
    "answers": [
        {"after": "import nu", "text": "mpy as np"},
        {"after": "\U0001f600 = '", "text": "é\U0001f680"},
        {"after": "A notebook in r.x <- ", "text": "c(1)"},
    ],
    "otherwise": "pass",
}
PERCENTILES = {"p50", "p95"}


@pytest.fixture
def model(tmp_path: Path) -> list[str]:
    directory = write_scripted_model(tmp_path / "model", SCRIPT)
    return ["--model", str(directory), "--engine", "scripted"]


def run(
    *arguments: object, status: int = 0, **environment: str
) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, "-m", "jupyter_safecoder.cli.main", *map(str, arguments)],
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=120,
        check=False,
        env={**os.environ, **environment},
    )
    assert "Traceback" not in done.stderr, done.stderr
    assert done.returncode == status, done.stderr
    return done


def run_json(*arguments: object, **more: Any) -> dict[str, Any]:
    done = run(*arguments, "--json", **more)
    assert done.stdout.count("\n") == 1
    report: dict[str, Any] = json.loads(done.stdout)
    return report


def complete(path: Path, cell: int, line: int, column: int) -> list[object]:
    return ["complete", path, "--cell", cell, "--line", line, "--column", column]


def test_complete(tmp_path: Path, model: list[str]) -> None:
    path = write_notebook(tmp_path / "n.ipynb", ("markdown", "# T"), ("code", "x = 1\nimport nu\n"))
    report = run_json(*complete(path, 1, 1, 9), *model)
    assert report["text"] == "mpy as np"
    assert set(report) == {
        *("text", "ttft_ms", "total_ms", "prompt_tokens", "completion_tokens"),
        *("finish_reason", "layout"),
    }
    assert 0 <= report["ttft_ms"] <= report["total_ms"]
    assert (report["completion_tokens"], report["finish_reason"]) == (9, "end")
    assert report["layout"] == "spm"
    assert run_json(*complete(path, 1, 1, 9), *model, "--layout", "psm")["layout"] == "psm"


def test_columns_count_characters_and_output_is_unicode(tmp_path: Path, model: list[str]) -> None:
    path = write_notebook(tmp_path / "n.ipynb", ("code", "\U0001f600 = '\U0001f600'"))
    assert run(*complete(path, 0, 0, 5), *model).stdout == "é\U0001f680\n"


def test_a_terminal_that_lacks_the_characters(tmp_path: Path, model: list[str]) -> None:
    path = write_notebook(tmp_path / "n.ipynb", ("code", "\U0001f600 = '"))
    done = run(*complete(path, 0, 0, 5), *model, PYTHONIOENCODING="ascii")
    assert done.stdout == "??\n"


def test_another_kernel_language(tmp_path: Path, model: list[str]) -> None:
    path = write_notebook(
        tmp_path / "n.ipynb", ("code", "x <- "), kernelspec={"name": "ir", "language": "R"}
    )
    assert run_json(*complete(path, 0, 0, 5), *model)["text"] == "c(1)"


def test_an_empty_cell(tmp_path: Path, model: list[str]) -> None:
    path = write_notebook(tmp_path / "n.ipynb", ("code", ""))
    report = run_json(*complete(path, 0, 0, 0), *model)
    assert (report["text"], report["finish_reason"]) == ("", "empty_prompt")


def test_a_bad_place_is_told_in_a_sentence(tmp_path: Path) -> None:
    path = write_notebook(tmp_path / "n.ipynb", ("markdown", "# T"))
    done = run(*complete(path, 0, 0, 0), "--json", status=1)
    assert "markdown cell" in done.stderr
    assert done.stderr.count("\n") == 1
    assert done.stdout == ""


@pytest.mark.parametrize(
    ("place", "says"),
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
def test_bad_place(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], place: tuple[int, int, int], says: str
) -> None:
    path = write_notebook(tmp_path / "n.ipynb", ("markdown", "# T"), ("code", "x\nyy"))
    _complains(capsys, path, place, says)


def _complains(
    capsys: pytest.CaptureFixture[str], path: Path, place: tuple[int, int, int], says: str
) -> None:
    assert main([str(argument) for argument in complete(path, *place)]) == 1
    captured = capsys.readouterr()
    assert says in captured.err
    assert captured.err.count("\n") == 1
    assert captured.out == ""


NOTEBOOK = '{"nbformat":4,"nbformat_minor":4,"metadata":%s,"cells":%s}'


@pytest.mark.parametrize(
    "content",
    [
        *("This is no notebook.", "", "[]", "{}", "5", "null", '"text"', "[" * 100_000),
        '{"nbformat":99,"cells":[]}',
        NOTEBOOK % ("{}", "5"),
        NOTEBOOK % ("{}", "[{}]"),
        NOTEBOOK % ('{"language_info":"R"}', "[]"),
        NOTEBOOK % ("{}", '[{"cell_type":"code","source":"","outputs":[{}],"metadata":{}}]'),
    ],
)
@pytest.mark.filterwarnings("ignore")
def test_what_is_no_notebook(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str
) -> None:
    path = tmp_path / "n.ipynb"
    path.write_text(content)
    assert main([str(argument) for argument in complete(path, 0, 0, 0)]) == 1
    assert "is not a Jupyter notebook" in capsys.readouterr().err


def test_what_is_no_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _complains(capsys, tmp_path / "none.ipynb", (0, 0, 0), "There is no file")
    _complains(capsys, tmp_path, (0, 0, 0), "cannot be read")
    (tmp_path / "binary.ipynb").write_bytes(b"\xff\xfe\x00")
    _complains(capsys, tmp_path / "binary.ipynb", (0, 0, 0), "not a Jupyter notebook")


def test_an_empty_notebook(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _complains(capsys, write_notebook(tmp_path / "n.ipynb"), (0, 0, 0), "0 cells")


def test_what_the_runtime_refuses_is_told_in_a_sentence(tmp_path: Path, model: list[str]) -> None:
    path = write_notebook(tmp_path / "n.ipynb", ("code", "x"))
    done = run(*complete(path, 0, 0, 1), *model, "--max-tokens", 0, status=1)
    assert "max_tokens" in done.stderr
    done = run(*complete(path, 0, 0, 1), "--model", tmp_path / "none", status=1)
    assert str(tmp_path / "none") in done.stderr
    big = write_notebook(tmp_path / "big.ipynb", ("code", "#" * 17_000_000), ("code", "x"))
    done = run(*complete(big, 1, 0, 1), *model, status=1)
    assert "larger than" in done.stderr


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
def test_infill_of_what_is_no_task(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str
) -> None:
    path = tmp_path / "tasks.jsonl"
    path.write_text(content)
    assert main(["infill", str(path)]) == 1
    captured = capsys.readouterr()
    assert str(path) in captured.err
    assert captured.err.count("\n") == 1


@pytest.mark.parametrize("own", [False, True])
def test_bench_typing(tmp_path: Path, model: list[str], own: bool) -> None:
    arguments: list[object] = ["bench", "typing", "--notebooks", 1, *model]
    if own:
        arguments.append(
            write_notebook(tmp_path / "n.ipynb", ("code", "a = 1"), ("code", "frame = read(a)"))
        )
    report = run_json(*arguments)
    assert report["context_tokens"] > 0
    assert set(report["layouts"]) == {"spm", "psm"}
    for times in report["layouts"].values():
        assert set(times) == {"cold_ttft_ms", "keystroke_ttft_ms", "tpot_ms"}
        assert all(set(values) == PERCENTILES for values in times.values())
        assert times["keystroke_ttft_ms"]["p50"] > 0


def test_doctor_with_the_embedded_model() -> None:
    done = run("doctor", "--json", status=0)
    report = json.loads(done.stdout)
    assert done.stdout.count("\n") == 1
    assert report["ok"] is True
    assert (report["engine"], report["model"]) == ("openvino", EMBEDDED)
    for check in report["checks"]:
        assert set(check) == {"name", "ok", "detail", "remedy"}
        assert check["ok"] == (check["remedy"] == "")
    checks = {check["name"]: check["detail"] for check in report["checks"]}
    assert {"python", "model", "accelerator", "engine", "runtime"} <= set(checks)
    assert (report["device"], report["precision"]) == ("CPU", "")
    assert report["why"] in checks["engine"]
    assert report["accelerators"][0]["kind"] == "cpu"
    assert all(set(found) == {"kind", "name", "detail"} for found in report["accelerators"])
    assert report["accelerators"][0]["name"] in checks["accelerator"]


def test_doctor_says_what_is_wrong(tmp_path: Path) -> None:
    directory = write_scripted_model(tmp_path / "model", SCRIPT)
    (directory / "script.json").write_text("other")
    report = run_json("doctor", "--model", directory, "--engine", "scripted", status=1)
    assert report["ok"] is False
    checks = {check["name"]: check for check in report["checks"]}
    for name in ("model", "runtime"):
        assert checks[name]["ok"] is False
        assert "script.json" in checks[name]["detail"]
        assert checks[name]["remedy"]
    people = run("doctor", "--model", directory, PYTHONIOENCODING="ascii", status=1)
    assert "BAD model" in people.stdout


def test_doctor_says_that_there_is_no_such_engine(model: list[str]) -> None:
    report = run_json("doctor", *model[:2], "--engine", "soroban", status=1)
    checks = {check["name"]: check for check in report["checks"]}
    assert checks["engine"]["detail"] == "There is no engine named 'soroban'."
    assert "openvino" in checks["engine"]["remedy"]
    assert report["engine"] is None


@pytest.fixture
def serving(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    directory = write_scripted_model(tmp_path / "served", {"otherwise": "served"})
    with subprocess.Popen(
        [
            *(sys.executable, "-m", "jupyter_safecoder.cli.main", "serve"),
            *("--model", str(directory), "--engine", "scripted"),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        yield process
        process.kill()


def test_a_runtime_that_serves_is_used(
    tmp_path: Path, serving: subprocess.Popen[str], model: list[str]
) -> None:
    assert serving.stdout
    assert "Connection file" in serving.stdout.readline() + serving.stdout.readline()
    path = write_notebook(tmp_path / "n.ipynb", ("code", "x = "))
    assert run(*complete(path, 0, 0, 4)).stdout == "served\n"
    # A model that is asked for by name gets a runtime of its own.
    assert run(*complete(path, 0, 0, 4), *model).stdout == "pass\n"
    assert psutil.pid_exists(serving.pid)
    serving.send_signal(signal.SIGINT)
    assert serving.wait(10) == 0
    assert "Traceback" not in serving.stdout.read()
    assert find_connections() == []


def test_ctrl_c_ends_it_while_the_model_loads(tmp_path: Path) -> None:
    directory = write_scripted_model(tmp_path / "model", {"load_ms": 60_000})
    command = [sys.executable, "-m", "jupyter_safecoder.cli.main", "serve", "--engine", "scripted"]
    with subprocess.Popen([*command, "--model", str(directory)]) as process:
        until(lambda: find_connections() != [])
        process.send_signal(signal.SIGINT)
        try:
            assert process.wait(10) == 0
        finally:
            process.kill()
    assert find_connections() == []


def test_no_runtime_is_left_behind(tmp_path: Path, model: list[str]) -> None:
    path = write_notebook(tmp_path / "n.ipynb", ("code", "x = "))
    run(*complete(path, 0, 0, 4), *model)
    assert find_connections() == []


def test_a_busy_runtime_is_waited_for(tmp_path: Path) -> None:
    script = {"otherwise": "late", "load_ms": 1500}
    with runtime_process(tmp_path / "runtime", script) as runtime:
        until(lambda: runtime.client.status().state == "loading")
        path = write_notebook(tmp_path / "n.ipynb", ("code", "x = "))
        assert run(*complete(path, 0, 0, 4)).stdout == "late\n"


def test_help_and_version() -> None:
    assert "complete" in run("--help").stdout
    assert run("--version").stdout.strip()
    run(status=2)
