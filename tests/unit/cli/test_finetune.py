"""``corpus``, ``finetune`` and ``job`` without a training."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from jupyter_safecoder.cli.finetune import training_backend_for
from jupyter_safecoder.cli.main import build_parser, main
from jupyter_safecoder.clients.hub_environment import URL_VARIABLE
from jupyter_safecoder.finetune.jobs.backends import LocalTrainingBackend
from jupyter_safecoder.hub.training.client import HubTrainingClient
from jupyter_safecoder.models import EMBEDDED, GgufContent, resolve_model
from jupyter_safecoder.models.description import write_description
from jupyter_safecoder.models.selected import record_selected_model

Capture = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("JUPYTER_SAFECODER_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def run(capsys: Capture, *words: object) -> Any:
    assert main([*map(str, words), "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_a_job_is_created_shown_and_deleted(team: Path, cache: Path, capsys: Capture) -> None:
    created = run(capsys, "finetune", team, "--name", "ours", "--steps", 3, "--no-start")
    sizes = {name: created.pop(name) for name in ("memory_mb", "available_mb")}
    assert 500 < sizes["memory_mb"] < 50_000
    assert sizes["available_mb"] > 0
    assert created == {
        **{"job": "ours", "directory": str(cache / "jobs" / "ours")},
        **{"base": "safecoder-smol-135m", "documents": 6, "minutes": None},
    }
    [row] = run(capsys, "job", "list")["jobs"]
    assert (row["job"], row["state"], row["total_steps"]) == ("ours", "stopped", 0)
    status = run(capsys, "job", "show", "ours")
    assert set(status) >= {"progress", "train_curve", "val_curve", "total_steps"}
    assert main(["job", "wait", "ours"]) == 1
    assert "It waits for its processes." in capsys.readouterr().err
    assert run(capsys, "job", "delete", "ours") == {"deleted": "ours"}
    assert run(capsys, "job", "list") == {"jobs": []}


def test_the_model_and_the_time_are_announced(team: Path, cache: Path, capsys: Capture) -> None:
    selected = cache / "models" / "tiny-coder"
    content = GgufContent(494_032_768, "Q4_K_M", 64, False, True, True)
    model = resolve_model(EMBEDDED)
    files = tuple(replace(file, path=selected / file.path.name) for file in model.files)
    installed = replace(
        replace(model, name="tiny-coder", gguf=content, files=files),
        weights=selected / model.weights.name,
        tokenizer=selected / model.tokenizer.name,
    )
    write_description(installed)
    shutil.copy(model.tokenizer, installed.tokenizer)
    record_selected_model(cache, "tiny-coder")
    assert main(["finetune", str(team), "--name", "ours", "--no-start"]) == 0
    first, *_ = capsys.readouterr().out.splitlines()
    assert first.startswith(
        "Training tiny-coder on 6 notebooks and scripts: up to about 30 minutes, evaluation"
    )
    assert first.endswith("Stop it at any time: 'jupyter safecoder job stop ours'.")
    given = run(
        *(capsys, "finetune", team, "--name", "ours", "--no-start"),
        *("--model", EMBEDDED, "--minutes", 4),
    )
    assert (given["base"], given["minutes"]) == (EMBEDDED, 4)


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["--rank", "0"], "'rank' of the command must be 1 or more."),
        (["--recipe", "nowhere.toml"], "nowhere.toml cannot be read as a recipe"),
    ],
)
def test_settings_are_checked_before_anything_is_read(
    words: list[str], reason: str, capsys: Capture
) -> None:
    assert main(["finetune", "nowhere", "--name", "ours", *words]) == 1
    assert reason in capsys.readouterr().err


def test_the_corpus(team: Path, capsys: Capture) -> None:
    report = run(capsys, "corpus", team)
    assert len(report["taken"]) == 6
    assert main(["corpus", str(team)]) == 0
    assert "taken: 6" in capsys.readouterr().out


def test_where_a_job_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    def backend(*words: str) -> object:
        return training_backend_for(build_parser().parse_args(["job", "list", *words]))

    assert isinstance(backend(), LocalTrainingBackend)
    monkeypatch.setenv(URL_VARIABLE, "http://127.0.0.1:1/")
    assert isinstance(backend(), HubTrainingClient)
    # A model of this machine is trained on this machine.
    assert isinstance(backend("--model", "tiny"), LocalTrainingBackend)
