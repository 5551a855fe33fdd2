"""The name of a model leads to its description, or to a reason and a remedy."""

from __future__ import annotations

from pathlib import Path

import pytest

from jupyter_safecoder.engines.scripted import write_scripted_model
from jupyter_safecoder.errors import ModelError
from jupyter_safecoder.models import EMBEDDED, ModelDescription, resolve_model
from jupyter_safecoder.models.catalogue import Entry


def test_the_embedded_model() -> None:
    model = resolve_model(EMBEDDED)
    assert model.name == EMBEDDED
    assert model.license == "Apache-2.0"
    assert model.default_layout in model.layouts
    parts = model.context_tokens + model.prefix_tokens * 5 // 4 + model.suffix_tokens
    assert parts < model.context_window


def test_a_directory_has_priority_over_the_hugging_face_hub(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_scripted_model(tmp_path / "team" / "coder", {"otherwise": "pass"})
    monkeypatch.chdir(tmp_path)
    assert resolve_model("team/coder").name == "scripted"


def test_a_model_of_the_catalogue_that_is_not_here(tmp_path: Path) -> None:
    asked: list[str] = []

    def get(entry: Entry) -> ModelDescription:
        asked.append(entry.name)
        return resolve_model(EMBEDDED)

    with pytest.raises(ModelError, match=r"starcoder2-3b is not on this disk") as raised:
        resolve_model("starcoder2-3b", cache=tmp_path)
    assert raised.value.remedy == "Get it: jupyter safecoder model get starcoder2-3b."
    assert resolve_model("starcoder2-3b", cache=tmp_path, get=get).name == EMBEDDED
    assert asked == ["starcoder2-3b"]


def test_a_model_of_the_catalogue_that_is_here(tmp_path: Path) -> None:
    write_scripted_model(tmp_path / "models" / "starcoder2-3b", {"otherwise": "pass"})
    found = resolve_model("starcoder2-3b", cache=tmp_path)
    assert found.weights.parent == tmp_path / "models" / "starcoder2-3b"


def test_a_name_without_a_model(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no model named") as raised:
        resolve_model(str(tmp_path / "nowhere"))
    assert EMBEDDED in raised.value.remedy


def test_a_directory_without_a_model(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"no model\.json") as raised:
        resolve_model(str(tmp_path))
    assert raised.value.remedy


def test_a_file_that_is_not_a_model(tmp_path: Path) -> None:
    (tmp_path / "model.onnx").write_bytes(b"x")
    with pytest.raises(ModelError, match="not a GGUF") as raised:
        resolve_model(str(tmp_path / "model.onnx"))
    assert raised.value.remedy


def test_names_in_the_stores_of_other_programs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OLLAMA_MODELS", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    for name, program in (("ollama:coder", "Ollama"), ("lmstudio:ada/coder", "LM Studio")):
        with pytest.raises(ModelError, match=f"{program} has no model"):
            resolve_model(name)
