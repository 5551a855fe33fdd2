"""The model that is trained: the one in use, by its name."""

from __future__ import annotations

from pathlib import Path

import pytest

from jupyter_safecoder.engines.scripted import write_scripted_model
from jupyter_safecoder.errors import FinetuneError, ModelError
from jupyter_safecoder.finetune.jobs.base_model import find_base
from jupyter_safecoder.models.selected import record_selected_model
from jupyter_safecoder.settings import RuntimeSettings


def test_the_automatic_choice_is_fixed_by_its_name(tmp_path: Path) -> None:
    model = str(write_scripted_model(tmp_path / "model", {}))
    settings = RuntimeSettings(cache_dir=str(tmp_path / "cache"))
    record_selected_model(settings.cache, model)
    named, base = find_base(settings)
    assert (named.model, base.name) == (model, "scripted")
    assert find_base(named) == (named, base)


def test_a_model_that_is_not_here(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no model named"):
        find_base(RuntimeSettings("no-such-model", cache_dir=str(tmp_path)))


def test_the_model_of_a_completion_server_is_not_trained(tmp_path: Path) -> None:
    settings = RuntimeSettings(cache_dir=str(tmp_path), remote_url="http://127.0.0.1:1")
    with pytest.raises(FinetuneError, match="A completion server runs the model"):
        find_base(settings)
