"""The command line of the benchmarks."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.__main__ import build_parser


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("gateway", {"requests": 300, "json": False}),
        (
            "engines a b --engines openvino,vllm --context 40 --work-dir w --json",
            {
                **{"models": ["a", "b"], "engines": "openvino,vllm", "context": 40, "json": True},
                **{"work_dir": Path("w"), "peers": Path(".venvs")},
            },
        ),
        ("imports --runs 3", {"runs": 3, "json": False}),
        ("hub", {"users": 50, "seconds": 30.0, "minutes": None}),
        (
            "capacity --model m --users 8 --seconds 5 --precision int4",
            {
                "model": "m",
                "users": 8,
                "seconds": 5.0,
                "precision": "int4",
                "peers": Path(".venvs"),
            },
        ),
        ("lookup tasks.jsonl --model m", {"file": Path("tasks.jsonl"), "model": "m"}),
        ("train a b", {"paths": [Path("a"), Path("b")], "model": "safecoder-smol-135m"}),
        ("secrets --seed 3 --json", {"seed": 3, "json": True}),
        (
            "context-tasks team",
            {"set": "team", "target": Path("benchmarks/context"), "json": False},
        ),
        ("context-tasks --work-dir w", {"set": "both", "work_dir": Path("w")}),
        ("soak", {"requests": 50_000, "embedded_share": 0.02}),
        ("soak --requests 500 --embedded-share 0", {"requests": 500, "embedded_share": 0.0}),
        (
            "browser a.ipynb --keys 40 --cells 500 --model m --suggestions many",
            {
                **{"files": [Path("a.ipynb")], "keys": 40, "first_keys": 10, "cells": 500},
                **{"seed": 0, "model": "m", "suggestions": "many", "json": False},
            },
        ),
    ],
)
def test_flags_and_defaults(line: str, expected: dict[str, object]) -> None:
    parsed = vars(build_parser().parse_args(line.split()))
    assert {name: parsed[name] for name in expected} == expected


def test_capacity_needs_a_model(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        build_parser().parse_args(["capacity"])
    assert "--model" in capsys.readouterr().err
