"""``jupyter safecoder bench``."""

from __future__ import annotations

from pathlib import Path

import pytest

from jupyter_safecoder.engines.scripted import write_scripted_model
from tests.support.cli import run_json, scripted_model
from tests.support.notebook_files import write_notebook

PERCENTILES = {"p50", "p95"}


@pytest.fixture
def model(tmp_path: Path) -> list[str]:
    return scripted_model(tmp_path)


@pytest.mark.parametrize("own", [False, True])
def test_typing(tmp_path: Path, model: list[str], own: bool) -> None:
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


def test_typing_by_sources(model: list[str]) -> None:
    report = run_json("bench", "typing", "--notebooks", 1, "--sources", "cells,below", *model)
    assert [row["sources"] for row in report["sources"]] == [["cells"], ["cells", "below"]]
    for row in report["sources"]:
        assert row["prompt_tokens"] > 0
        for name in ("cold_ttft_ms", "keystroke_ttft_ms", "execution_ttft_ms"):
            assert set(row[name]) == PERCENTILES


@pytest.fixture
def typed(tmp_path: Path) -> list[object]:
    """Arguments that type a notebook of 37 characters, with two suggestions."""
    script = {
        "answers": [
            {"after": "import nu", "text": "mpy as np"},
            {"after": "frame", "text": " = read(data)"},
        ]
    }
    notebook = write_notebook(
        tmp_path / "typed.ipynb",
        ("markdown", "# Not typed"),
        ("code", "import numpy as np\nframe = read(path)"),
    )
    model = write_scripted_model(tmp_path / "script", script)
    return ["bench", "replay", notebook, "--model", model, "--engine", "scripted"]


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        # import nu, the rest, Enter, frame, " = read(" from the cache, path)
        ("line", {"keys": 9 + 1 + 1 + 5 + 8 + 5, "saved": round(9 / 37, 4), "right": 0.5}),
        # import nu, three words, Enter, frame, three words, path)
        ("word", {"keys": 9 + 3 + 1 + 5 + 3 + 5, "saved": round(17 / 37, 4), "right": 1.0}),
    ],
)
def test_replay(typed: list[object], accept: str, expected: dict[str, float]) -> None:
    # Whatever stalls: each answer comes before the next key.
    report = run_json(*typed, "--accept", accept, "--key-ms", 60_000)
    assert set(report.pop("ttft_ms")) == PERCENTILES
    assert report == {
        **expected,
        "characters": 37,
        "shown": round(200 / expected["keys"], 2),
        "right_line": 0.5,
        "right_word": 1.0,
        # import nu, the end of the line, the new line, frame, "path" without the last key
        "requests": 9 + 1 + 1 + 5 + 4,
        "tokens": len("mpy as np = read(data)"),
        "lines": 2,
    }


def test_replay_of_answers_that_come_too_late(typed: list[object], tmp_path: Path) -> None:
    script = {"otherwise": "never seen", "first_token_ms": 1000}
    model = write_scripted_model(tmp_path / "slow", script)
    report = run_json(*typed, "--lines", 1, "--model", model, "--key-ms", 65)
    assert (report["lines"], report["saved"], report["right"]) == (1, 0.0, None)
    assert (report["tokens"], report["shown"]) == (0, 0.0)
    assert 0 < report["ttft_ms"]["p95"] < 1000


def test_replay_of_the_sample(model: list[str]) -> None:
    assert run_json("bench", "replay", "--lines", 3, "--key-ms", 1, *model)["lines"] == 3
