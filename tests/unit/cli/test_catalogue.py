"""``jupyter safecoder model catalogue`` and ``model get``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from jupyter_safecoder.cli.main import main
from jupyter_safecoder.engines.scripted import write_scripted_model
from jupyter_safecoder.models import EMBEDDED
from tests.support.catalogue_models import MODEL, hub_place, write_catalogue


@pytest.fixture
def team(tmp_path: Path) -> str:
    """Return a team's catalogue."""
    large = {**MODEL, "name": "huge", "memory_mb": 10**8, "commercial_use": False}
    models = [{**model, "places": [hub_place()]} for model in (MODEL, large)]
    return str(write_catalogue(tmp_path / "team.toml", *models))


def _models(capsys: pytest.CaptureFixture[str], *arguments: object) -> dict[str, dict[str, Any]]:
    assert main(["model", "catalogue", *map(str, arguments), "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["memory_mb"] > 0
    return {model["model"]: model for model in report["models"]}


def test_what_is_here_and_what_fits(
    cache: Path, team: str, capsys: pytest.CaptureFixture[str]
) -> None:
    write_scripted_model(cache / "models" / "tiny-coder", {"otherwise": "pass"})
    models = _models(capsys, "--cache-dir", cache, "--catalogues", team)
    assert [name for name, model in models.items() if model["here"]] == [EMBEDDED, "tiny-coder"]
    assert (models["tiny-coder"]["fits"], models["huge"]["fits"]) == (True, False)
    assert models["tiny-coder"]["command"] == "jupyter safecoder model get tiny-coder"
    assert models[EMBEDDED]["command"] is None
    assert not _models(capsys, "--cache-dir", cache.with_name("empty")).keys() & {"tiny-coder"}


def test_what_was_not_measured_is_null(cache: Path, capsys: pytest.CaptureFixture[str]) -> None:
    models = _models(capsys, "--cache-dir", cache)
    measured = models["qwen2.5-coder-0.5b"]
    assert measured["quality"]["notebooks"] == {
        "tasks": 200,
        "exact_match": 0.165,
        "edit_similarity": 0.556,
    }
    assert measured["speed"]["machine"]
    assert (measured["places"], measured["pinned"]) == (["hub", "packages"], True)
    other = models["starcoder2-3b"]
    assert (other["quality"], other["speed"], other["download_mb"]) == (None, None, None)
    assert (other["places"], other["pinned"], other["gated"]) == (["hub"], False, True)


def test_the_table_says_what_was_not_run_and_what_is_not_for_commercial_use(
    team: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "250")
    assert main(["model", "catalogue", "--catalogues", team]) == 0
    shown = capsys.readouterr().out
    rows = {line.split()[1]: line for line in shown.splitlines() if line.startswith("│")}
    assert rows["huge"].count("not run by us") == 2
    assert "not for commercial use" in rows["huge"]
    assert "too large" in rows["huge"]
    assert "the hub's" in rows["huge"]
    assert "29 ms" in rows["qwen2.5-coder-0.5b"]
    assert "2 cores with AVX-512" in shown


def test_a_name_that_the_catalogue_lacks(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["model", "get", "nothing"]) == 1
    assert "no model named 'nothing'" in capsys.readouterr().err


def test_a_model_that_is_here_is_only_prepared(
    cache: Path, team: str, capsys: pytest.CaptureFixture[str]
) -> None:
    write_scripted_model(cache / "models" / "tiny-coder", {"otherwise": "pass"})
    arguments = ["--catalogues", team, "--cache-dir", str(cache), "--engine", "scripted"]
    assert main(["model", "get", "tiny-coder", *arguments, "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert (report["engine"], report["license"]) == ("scripted", "MIT")
    assert report["files"] == str(cache / "models" / "tiny-coder")


def test_the_embedded_model_is_here(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["model", "get", EMBEDDED]) == 1
    assert "comes with the product" in capsys.readouterr().err


def test_list_and_remove_know_it(cache: Path, capsys: pytest.CaptureFixture[str]) -> None:
    directory = cache / "models" / "tiny-coder"
    write_scripted_model(directory, {"otherwise": "pass"})
    (cache / "models" / ".tiny-coder.download").mkdir()
    assert main(["model", "list", "--cache-dir", str(cache), "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)["models"]
    assert [row["directory"] for row in rows if row["kind"] == "catalogue"] == [str(directory)]
    assert main(["model", "remove", "tiny-coder", "--cache-dir", str(cache), "--json"]) == 0
    removed = json.loads(capsys.readouterr().out)["removed"]
    assert removed == [str(directory), str(cache / "models" / ".tiny-coder.download")]
    assert main(["model", "remove", "tiny-coder", "--cache-dir", str(cache)]) == 1
