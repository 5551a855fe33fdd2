"""A notebook trains the model that the running server serves."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from IPython.core.interactiveshell import InteractiveShell
from IPython.testing.globalipapp import get_ipython

from jupyter_safecoder.engines.scripted import write_scripted_model
from jupyter_safecoder.finetune.jobs.job import LocalJob
from jupyter_safecoder.models.selected import record_selected_model
from tests.support.processes import RuntimeProcess


def test_the_model_that_is_served_is_trained(
    start_runtime: Callable[..., RuntimeProcess],
    team: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    models = [str(write_scripted_model(tmp_path / name, {})) for name in ("chosen", "other")]
    cache = tmp_path / "cache of the server"
    record_selected_model(cache, models[0])
    client = start_runtime(engine="scripted", cache_dir=str(cache)).client
    client.wait_until_ready()
    # For the next start: this runtime serves the first one until then.
    record_selected_model(cache, "no-such-model")
    shell = get_ipython() or InteractiveShell.instance()
    shell.run_line_magic("load_ext", "jupyter_safecoder")
    trained = []
    for name in ("automatic", "switched"):
        shell.run_line_magic("safecoder", f"finetune {team} --name {name} --no-start")
        assert "Training scripted on 6 notebooks and scripts" in capsys.readouterr().out
        trained.append(LocalJob(cache, name).request().settings.model)
        client.use_model(models[1])
    shell.run_line_magic("unload_ext", "jupyter_safecoder")
    assert trained == models
