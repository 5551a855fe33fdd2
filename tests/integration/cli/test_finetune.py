"""A terminal trains the model that the running server serves."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from jupyter_safecoder.engines.scripted import write_scripted_model
from jupyter_safecoder.finetune.jobs.job import LocalJob
from tests.support.job_runs import Capture, answer, run
from tests.support.processes import RuntimeProcess


def test_the_model_that_was_switched_to_is_trained(
    start_runtime: Callable[..., RuntimeProcess], team: Path, tmp_path: Path, capsys: Capture
) -> None:
    other = str(write_scripted_model(tmp_path / "other", {"otherwise": "return"}))
    cache = tmp_path / "cache of the server"
    runtime = start_runtime({"otherwise": "pass"}, cache_dir=str(cache))
    runtime.client.wait_until_ready()
    assert run("model", "use", other, "--json") == 0
    assert answer(capsys)["switched"]
    assert run("finetune", team, "--name", "ours", "--no-start", "--json") == 0
    assert answer(capsys)["minutes"] == 9
    settings = LocalJob(cache, "ours").request().settings
    assert (settings.model, settings.engine) == (other, "scripted")

    # An option of the engine changes that option; another model or cache is the user's choice.
    given = ("--no-start", "--json", "--device", "cpu")
    assert run("finetune", team, "--name", "device", *given) == 0
    settings = LocalJob(cache, "device").request().settings
    assert (settings.model, settings.device) == (other, "cpu")
    own = ("--model", "safecoder-smol-135m", "--cache-dir", tmp_path / "own")
    assert run("finetune", team, "--name", "ours", "--no-start", "--json", *own) == 0
    assert LocalJob(tmp_path / "own", "ours").request().settings.model == "safecoder-smol-135m"
