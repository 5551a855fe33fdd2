"""Jobs from begin to end, through the command line: done, killed, resumed, refused, served."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from team_notebooks import write_team

from jupyter_safecoder.cli import main
from jupyter_safecoder.finetune.adapters import Registry
from jupyter_safecoder.finetune.jobs import Job
from jupyter_safecoder.models import ModelDescription
from jupyter_safecoder.runtime.client import RuntimeProblem, own_runtime
from jupyter_safecoder.runtime.settings import RuntimeSettings

pytestmark = pytest.mark.timeout(300)

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("JUPYTER_SAFECODER_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def model(tiny_models: Callable[[str], ModelDescription]) -> ModelDescription:
    return tiny_models("gpt_bigcode")


def run(*arguments: str | Path) -> int:
    return main([str(argument) for argument in arguments])


def answer(capsys: Capture) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(capsys.readouterr().out)
    return loaded


def tiny(model: ModelDescription) -> tuple[str | Path, ...]:
    """Return the options of a network that torch trains and serves in no time."""
    return ("--model", model.weights, "--engine", "transformers")


def test_from_notebooks_to_an_adapter_that_is_served(
    team: Path, cache: Path, model: ModelDescription, capsys: Capture, tmp_path: Path
) -> None:
    options = tiny(model)
    assert run("finetune", team, "--name", "ours", "--steps", 3, "--wait", "--json", *options) == 0
    report = answer(capsys)
    assert report["adapter"] == "ours"
    assert report["steps"] == 3
    assert report["tokens_per_s"] > 0
    for part in ("held_out", "general"):
        for side in ("base", "tuned"):
            assert set(report[part][side]) == {"exact_match", "edit_similarity", "loss"}
    assert report["held_out"]["tuned"]["loss"] != report["held_out"]["base"]["loss"]
    assert isinstance(report["offered"], bool)
    assert report["reason"]

    # Its card tells all that there is to know, and its files are PEFT's.
    assert run("adapter", "show", "ours", "--json") == 0
    card = answer(capsys)
    assert card["counts"]["trained_on"] == 5
    assert card["recipe"]["steps"] == 3
    assert len(card["curves"]["train"]) == 3
    assert run("adapter", "verify", "ours", "--json") == 0
    capsys.readouterr()

    # A runtime that runs changes it without a restart, and its answers change.
    settings = RuntimeSettings(str(model.weights), cache_dir=str(cache), engine="transformers")
    with own_runtime(settings) as client:
        assert client.wait_until_ready().adapter is None
        status = client.use_adapter("ours")
        assert status.adapter == "ours"
        assert status.state == "ready"
        assert status.model is not None
        assert status.model.name == "tiny+ours"
        with pytest.raises(RuntimeProblem, match="There is no adapter 'theirs'"):
            client.use_adapter("theirs")
        assert client.status().adapter == "ours"
        assert client.use_adapter("").adapter is None

    # What is in use is served from the next start on; an altered file is not loaded, and said.
    assert run("adapter", "use", "ours", "--json", *options) == 0
    assert answer(capsys)["adapter"] == "ours"
    with own_runtime(settings) as client:
        assert client.wait_until_ready().adapter == "ours"
    assert run("adapter", "remove", "ours") == 1
    assert "is in use" in capsys.readouterr().err
    assert run("adapter", "export", "ours", tmp_path / "exported") == 0
    weights = Registry(cache).find("ours").directory / "adapter_model.safetensors"
    data = bytearray(weights.read_bytes())
    data[-1] ^= 1
    weights.write_bytes(data)
    with own_runtime(settings) as client:
        status = client.wait_until_ready()
        assert status.adapter is None
        assert "has been altered" in status.reason
    assert run("adapter", "verify", "ours") == 1
    assert "has been altered" in capsys.readouterr().err

    # Back to what was before, and in again from what was exported.
    assert run("adapter", "use", "--back", "--json", *options) == 0
    assert answer(capsys)["adapter"] is None
    assert run("adapter", "import", tmp_path / "exported") == 1
    assert "There is an adapter ours already" in capsys.readouterr().err
    assert run("adapter", "remove", "ours", "--json") == 0
    assert run("adapter", "import", tmp_path / "exported") == 0
    capsys.readouterr()
    assert run("adapter", "list", "--json") == 0
    [row] = answer(capsys)["adapters"]
    assert (row["adapter"], row["in_use"]) == ("ours", False)

    # For another base it is refused.
    assert run("adapter", "use", "ours") == 1
    assert "was trained for tiny" in capsys.readouterr().err


def test_killed_and_resumed(
    team: Path, cache: Path, model: ModelDescription, capsys: Capture
) -> None:
    options = tiny(model)
    assert run("finetune", team, "--name", "long", "--steps", 100000, "--json", *options) == 0
    assert answer(capsys)["job"] == "long"
    job = Job(cache, "long")
    while job.status().step < 3:
        assert not job.status().over, job.status().reason
        time.sleep(0.1)
    assert run("finetune", team, "--name", "long", "--steps", 3, *options) == 1
    assert "A job named long runs already" in capsys.readouterr().err
    assert run("job", "stop", "long", "--json") == 0
    assert "Stopped at step" in answer(capsys)["reason"]
    stopped = job.status().step
    assert run("job", "resume", "long", "--json") == 0
    while job.status().step <= stopped:
        assert not job.status().over, job.status().reason
        time.sleep(0.1)
    os.kill(worker(job), signal.SIGKILL)
    while job.works:
        time.sleep(0.05)
    status = job.status()
    assert status.state == "stopped"
    assert "Its process ended" in status.reason
    assert Registry(cache).all() == []
    assert [path.name for path in (cache / "adapters").glob("*") if path.name[0] != "."] == []
    # The notebooks have changed since: what it would go on with is not what it began with.
    write_team(team, 9)
    assert run("job", "resume", "long") == 0
    assert run("job", "wait", "long") == 1
    assert "have changed since this job began" in capsys.readouterr().err


def worker(job: Job) -> int:
    """Return the process that works on a job."""
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes().split(b"\0")
        except OSError:
            continue
        if str(job.directory).encode() in words and b"jupyter_safecoder.finetune" in words:
            return int(path.parent.name)
    raise AssertionError("nobody works on it")


def test_what_cannot_be_trained_is_said_at_once(
    team: Path, cache: Path, capsys: Capture, tmp_path: Path
) -> None:
    assert run("finetune", tmp_path / "nowhere", "--name", "a") == 1
    assert "There is no file or directory" in capsys.readouterr().err
    assert run("finetune", team, "--name", "../a") == 1
    assert "cannot be an adapter's name" in capsys.readouterr().err
    assert run("job", "stop", "nobody") == 1
    assert "There is no job 'nobody'" in capsys.readouterr().err
    assert run("adapter", "use", "nobody") == 1
    assert "There is no adapter 'nobody'" in capsys.readouterr().err


def test_no_cuda_where_it_is_asked_for(
    team: Path, cache: Path, model: ModelDescription, capsys: Capture
) -> None:
    options = (*tiny(model), "--device", "cuda")
    assert run("finetune", team, "--name", "gpu", "--steps", 1, "--wait", *options) == 1
    assert "cuda" in capsys.readouterr().err.lower()


def test_the_corpus_is_looked_at_before(team: Path, cache: Path, capsys: Capture) -> None:
    assert run("corpus", team, "--json") == 0
    report = answer(capsys)
    assert set(report) == {"taken", "left_out", "secrets"}
    assert len(report["taken"]) == 6
    assert run("corpus", team) == 0
    assert "taken: 6" in capsys.readouterr().out
