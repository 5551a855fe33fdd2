"""What the files of models say of their architecture."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from jupyter_safecoder.engines.scripted import write_scripted_model
from jupyter_safecoder.models import EMBEDDED, resolve_model
from jupyter_safecoder.models.cards.architecture import Architecture, read_architecture
from tests.support.tiny_gguf import write_mixed_gguf


def test_the_embedded_model() -> None:
    found = read_architecture(resolve_model(EMBEDDED))
    assert (found.parameters, found.layers, found.quantization) == (134_515_008, 30, "Q8_0")
    assert found.sizes["hidden_size"] == 576
    assert found.sizes["tie_word_embeddings"] is True


def test_a_gguf_without_a_description(tmp_path: Path, cache: Path) -> None:
    model = resolve_model(str(write_mixed_gguf(tmp_path / "x.gguf")), cache=cache)
    assert model.gguf
    found = read_architecture(model)
    assert (found.parameters, found.layers) == (model.gguf.parameters, 2)
    assert found.quantization == model.gguf.quantization


def test_a_checkpoint(intact_checkpoint: Path) -> None:
    found = read_architecture(resolve_model(str(intact_checkpoint)))
    assert (found.sizes["hidden_size"], found.layers) == (16, 2)
    assert found.parameters


@pytest.mark.parametrize("content", [b"GGUF", b"", b"{}", b"\xff" * 100])
def test_a_damaged_file_says_nothing(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "x.gguf"
    path.write_bytes(content)
    found = read_architecture(replace(resolve_model(EMBEDDED), weights=path))
    assert found == Architecture({"model_type": "llama"})


def test_a_damaged_configuration_says_nothing(intact_checkpoint: Path, tmp_path: Path) -> None:
    model = resolve_model(str(intact_checkpoint))
    (tmp_path / "config.json").write_text('{"n_layer": Infinity, "n_embd": "16"}')
    found = read_architecture(replace(model, weights=tmp_path))
    assert (found.layers, found.parameters) == (None, None)
    assert "hidden_size" not in found.sizes


def test_a_script_for_tests_has_none(tmp_path: Path) -> None:
    model = resolve_model(str(write_scripted_model(tmp_path / "model", {"otherwise": "x"})))
    assert read_architecture(model) == Architecture()
