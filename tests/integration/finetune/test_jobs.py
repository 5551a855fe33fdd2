"""Jobs through the command line: done, killed, resumed, refused, served."""

from __future__ import annotations

import json
import shutil
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from peft import PeftModel

from jupyter_safecoder.adapters.merge import load_merged
from jupyter_safecoder.adapters.registry import Registry, hash_files
from jupyter_safecoder.clients.discovery import own_runtime
from jupyter_safecoder.errors import RuntimeRequestError
from jupyter_safecoder.finetune.jobs.backends import LocalTrainingBackend
from jupyter_safecoder.finetune.jobs.job import LocalJob
from jupyter_safecoder.finetune.jobs.runner import JobRunner
from jupyter_safecoder.finetune.training.torch_model import load_torch_model
from jupyter_safecoder.models import ModelDescription
from jupyter_safecoder.settings import RuntimeSettings
from tests.support.job_runs import Capture, answer, kill, quick, run, tiny, until_phase, until_step
from tests.support.team_notebooks import write_notebook, write_team

pytestmark = pytest.mark.timeout(400)

#: Enough for a stop in between.
STEPS = 24


@pytest.fixture(scope="module")
def model(tiny_models: Callable[[str], ModelDescription]) -> ModelDescription:
    return tiny_models("gpt_bigcode")


@pytest.fixture(scope="module")
def notebooks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_team(tmp_path_factory.mktemp("notebooks") / "team")


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(autouse=True)
def cached(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JUPYTER_SAFECODER_CACHE", str(cache))


def test_from_notebooks_to_an_adapter_that_is_served(
    notebooks: Path, cache: Path, model: ModelDescription, capsys: Capture, tmp_path: Path
) -> None:
    options = tiny(model)
    given = ("--name", "ours", "--steps", STEPS, "--wait", "--json", *quick(tmp_path), *options)
    assert run("finetune", notebooks, *given) == 0
    report = answer(capsys)
    assert report["adapter"] == "ours"
    assert (report["base"], report["documents"], report["minutes"]) == ("tiny", 6, None)
    assert report["steps"] == STEPS
    assert report["tokens_per_s"] > 0
    assert report["seconds"] > 0
    for part in ("held_out", "general"):
        for side in ("base", "tuned"):
            assert set(report[part][side]) == {"exact_match", "edit_similarity", "loss"}
    assert report["held_out"]["tuned"]["loss"] < report["held_out"]["base"]["loss"]
    # Random weights complete no line, with or without an adapter: it is kept, but rejected.
    assert report["accepted"] is False
    assert "not better than the base model" in report["reason"]

    # Its card has the results, and its files are PEFT's.
    assert run("adapter", "show", "ours", "--json") == 0
    card = answer(capsys)
    assert card["counts"]["trained_on"] == 5
    assert card["recipe"]["steps"] == STEPS
    assert (card["accepted"], card["reason"]) == (False, report["reason"])
    assert len(card["curves"]["train"]) == STEPS
    assert run("adapter", "verify", "ours", "--json") == 0
    capsys.readouterr()

    # The index of what it has learned is for its owner, and stays here.
    assert run("attribution", "list", "--cache-dir", cache, "--json") == 0
    [listed] = answer(capsys)["indexes"]
    assert (listed["index"], listed["kind"], listed["files"]) == ("ours", "adapter", 5)
    assert stat.S_IMODE(Path(listed["path"]).stat().st_mode) == 0o600

    # A runtime that runs changes it without a restart.
    settings = RuntimeSettings(str(model.weights), cache_dir=str(cache), engine="transformers")
    with own_runtime(settings) as client:
        assert client.wait_until_ready().adapter is None
        status = client.use_adapter("ours")
        assert status.adapter == "ours"
        assert status.state == "ready"
        assert status.model is not None
        assert status.model.name == "tiny+ours"
        with pytest.raises(RuntimeRequestError, match="There is no adapter 'theirs'"):
            client.use_adapter("theirs")
        assert client.status().adapter == "ours"
        assert client.use_adapter("").adapter is None

    # The active adapter is served from the next start on. An altered file is not loaded.
    assert run("adapter", "use", "ours", "--json", *options) == 0
    used = answer(capsys)
    assert used["adapter"] == "ours"
    assert "not better" in used["warning"]
    assert run("adapter", "remove", "ours") == 1
    assert "is in use" in capsys.readouterr().err
    exported = tmp_path / "exported"
    assert run("adapter", "export", "ours", exported) == 0
    assert not list(exported.glob("*.attribution"))
    weights = Registry(cache).find("ours").directory / "adapter_model.safetensors"
    whole = weights.read_bytes()
    weights.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    with own_runtime(settings) as client:
        status = client.wait_until_ready()
        assert status.adapter is None
        assert "has been altered" in status.reason
    assert run("adapter", "verify", "ours") == 1
    assert "has been altered" in capsys.readouterr().err
    weights.write_bytes(whole)

    # Back to what was before.
    assert run("adapter", "use", "--previous", "--json", *options) == 0
    assert answer(capsys)["adapter"] is None
    assert run("adapter", "use", "ours") == 1
    assert "was trained for tiny" in capsys.readouterr().err


def test_what_is_exported_is_plain_peft(
    cache: Path, model: ModelDescription, capsys: Capture, tmp_path: Path
) -> None:
    exported, plain = tmp_path / "exported", tmp_path / "plain"
    assert run("adapter", "export", "ours", exported) == 0
    merged = load_torch_model(load_merged(model, "ours", cache))
    peft: Any = PeftModel.from_pretrained(load_torch_model(model), exported)
    ids = torch.tensor([[11, 13, 500, 600, 700]])
    with torch.no_grad():
        wanted, found = peft(input_ids=ids).logits, merged(input_ids=ids).logits
        base = load_torch_model(model)(input_ids=ids).logits
    assert torch.allclose(wanted, found, atol=1e-4)
    assert float((found - base).abs().max()) > 0.05

    # In again, under its own name only once; and what PEFT itself wrote, without a card.
    assert run("adapter", "import", exported) == 1
    assert "There is an adapter ours already" in capsys.readouterr().err
    assert run("adapter", "import", exported, "--name", "again", "--json") == 0
    assert answer(capsys)["adapter"] == "again"
    peft.save_pretrained(plain)
    assert run("adapter", "import", plain) == 1
    assert "needs --name" in capsys.readouterr().err
    assert run("adapter", "import", plain, "--name", "plain", *tiny(model)) == 0
    foreign = load_torch_model(load_merged(model, "plain", cache))
    with torch.no_grad():
        assert torch.allclose(foreign(input_ids=ids).logits, found, atol=1e-4)
    capsys.readouterr()
    assert run("adapter", "list", "--json") == 0
    rows = {row["adapter"]: row for row in answer(capsys)["adapters"]}
    assert set(rows) == {"ours", "again", "plain"}
    assert "has not been evaluated" in rows["plain"]["reason"]


def test_what_does_not_fit_the_base_is_not_imported(
    model: ModelDescription,
    tiny_models: Callable[[str], ModelDescription],
    capsys: Capture,
    tmp_path: Path,
) -> None:
    exported = tmp_path / "exported"
    assert run("adapter", "export", "ours", exported) == 0
    (exported / "card.json").unlink()
    other = ("--name", "other", "--model", tiny_models("llama").weights)
    assert run("adapter", "import", exported, *other) == 1
    assert "which tiny does not have" in capsys.readouterr().err
    assert run("adapter", "import", exported, "--name", "embedded") == 1
    assert "does not have" in capsys.readouterr().err
    (exported / "adapter_model.safetensors").write_bytes(b"123")
    assert run("adapter", "import", exported, "--name", "broken", *tiny(model)) == 1
    assert "damaged" in capsys.readouterr().err
    shutil.rmtree(exported)
    assert run("adapter", "import", exported, "--name", "nothing", *tiny(model)) == 1
    assert "is no adapter" in capsys.readouterr().err


@pytest.mark.slow
def test_killed_at_any_moment_it_continues_to_the_same_adapter(
    notebooks: Path, cache: Path, model: ModelDescription, capsys: Capture, tmp_path: Path
) -> None:
    given = ("--name", "killed", "--steps", STEPS, "--json", *quick(tmp_path), *tiny(model))
    assert run("finetune", notebooks, *given) == 0
    assert answer(capsys)["job"] == "killed"
    job = LocalJob(cache, "killed")

    def resumed() -> None:
        status = job.status()
        assert status.state == "stopped"
        assert "Its process ended" in status.reason
        assert "resume it" in status.remedy.lower()
        assert run("job", "resume", "killed", "--json") == 0

    for phase in (
        "Reading the corpus",
        "Evaluating the base model",
        "Loading the model for training",
    ):
        until_phase(job, phase)
        kill(job)
        resumed()
    until_step(job, 3)
    assert run("finetune", notebooks, *given) == 1
    assert "A job named killed runs already" in capsys.readouterr().err
    assert run("job", "stop", "killed", "--json") == 0
    assert "Stopped at step" in answer(capsys)["reason"]
    stopped = job.status().step
    assert 3 <= stopped < STEPS
    assert run("job", "resume", "killed", "--json") == 0
    until_step(job, stopped + 1)
    kill(job)
    for phase in ("Merging the adapter", "Evaluating the adapter"):
        resumed()
        until_phase(job, phase)
        kill(job)
        # Nothing of it is registered, and nothing half-done is served.
        assert "killed" not in [adapter.name for adapter in Registry(cache).all()]
    resumed()
    capsys.readouterr()
    assert run("job", "wait", "killed", "--json") == 0
    assert answer(capsys)["adapter"] == "killed"

    # The same curve and the same adapter as those of the run without a break.
    registry = Registry(cache)
    ours, killed = registry.find("ours").card, registry.find("killed").card
    assert killed.curves == ours.curves
    assert killed.files == ours.files
    assert killed.scores == ours.scores
    assert not list(registry.directory.glob(".*partial*"))
    assert run("job", "resume", "killed") == 1
    assert "is done" in capsys.readouterr().err


def test_a_job_is_deleted_with_its_adapter(cache: Path, capsys: Capture) -> None:
    assert run("job", "delete", "ours", "--json") == 0
    assert answer(capsys) == {"deleted": "ours"}
    assert not LocalJob(cache, "ours").directory.exists()
    assert "ours" not in [adapter.name for adapter in Registry(cache).all()]
    assert run("job", "delete", "ours") == 1
    assert "There is no job 'ours'" in capsys.readouterr().err


def test_what_cannot_be_trained_is_reported_at_once(
    notebooks: Path, cache: Path, capsys: Capture, tmp_path: Path
) -> None:
    assert run("finetune", tmp_path / "nowhere", "--name", "a") == 1
    assert "There is no file or directory" in capsys.readouterr().err
    assert run("finetune", notebooks, "--name", "../a") == 1
    assert "cannot be an adapter's name" in capsys.readouterr().err
    assert run("job", "stop", "nothing") == 1
    assert "There is no job 'nothing'" in capsys.readouterr().err
    assert run("adapter", "use", "nothing") == 1
    assert "There is no adapter 'nothing'" in capsys.readouterr().err


def test_no_cuda_where_it_is_asked_for(
    notebooks: Path, cache: Path, model: ModelDescription, capsys: Capture
) -> None:
    options = (*tiny(model), "--device", "cuda")
    assert run("finetune", notebooks, "--name", "gpu", "--steps", 1, "--wait", *options) == 1
    assert "cuda" in capsys.readouterr().err.lower()


def test_the_corpus_is_shown_before_training(team: Path, capsys: Capture) -> None:
    (team / "broken.ipynb").write_text("{")
    write_notebook(team / "key.ipynb", "a = 1", "connect(password='nachtigall')\n" * 3)
    assert run("corpus", team, "--json") == 0
    report = answer(capsys)
    assert set(report) == {"taken", "left_out", "secrets"}
    assert len(report["taken"]) == 7
    assert all({"path", "samples"} <= set(row) for row in report["taken"])
    [left_out] = report["left_out"]
    assert left_out["path"] == str(team / "broken.ipynb")
    assert left_out["reason"] == "not a notebook that can be read"
    assert report["secrets"] == [{"path": str(team / "key.ipynb"), "cell": 1, "kind": "password"}]
    assert run("corpus", team) == 0
    assert "taken: 7" in capsys.readouterr().out


def test_an_adapter_that_forgets_is_scaled_down_and_evaluated_again(
    notebooks: Path, cache: Path, model: ModelDescription, monkeypatch: pytest.MonkeyPatch
) -> None:
    scores: list[Any] = []

    def forgotten(general: dict[str, Any]) -> dict[str, float]:
        scores.append(general["tuned"])
        return {"exact_match": 1.0} if len(scores) < 3 else {}

    monkeypatch.setattr("jupyter_safecoder.finetune.jobs.runner.forgotten", forgotten)
    settings = RuntimeSettings(
        model=str(model.weights), engine="transformers", cache_dir=str(cache)
    )
    recipe = {"steps": 2, "eval_samples": 4, "tokens_per_step": 200, "num_evals": 1}
    merged = len([*(cache / "merged").glob("*")])
    job = LocalTrainingBackend(settings).start("scaled", [notebooks], recipe, launch=False)
    assert isinstance(job, LocalJob)
    JobRunner(job, job.status()).run()
    adapter = next(one for one in Registry(cache).all() if one.card.name == "scaled")
    assert (len(scores), adapter.card.recipe["scale"]) == (3, 0.65)
    assert len([*(cache / "merged").glob("*")]) == merged + 1
    config = json.loads((adapter.directory / "adapter_config.json").read_text())
    assert config["lora_alpha"] == pytest.approx(0.65 * adapter.card.recipe["alpha"])
    assert adapter.card.files == hash_files(adapter.directory)
