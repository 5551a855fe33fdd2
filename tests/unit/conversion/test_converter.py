"""Which models are converted, and the key by which a conversion is found; exports: integration."""

from __future__ import annotations

import importlib.metadata
from dataclasses import replace
from pathlib import Path

import pytest

from jupyter_safecoder.conversion import (
    Conversion,
    Store,
    estimate_model,
    find_converted,
    find_shortage,
    needs_conversion,
)
from jupyter_safecoder.conversion.converter import _describe
from jupyter_safecoder.conversion.estimate import estimate_resources
from jupyter_safecoder.models import EMBEDDED, ModelDescription, resolve_model
from jupyter_safecoder.models.description import ModelFile
from tests.support.tiny_gguf import write_mixed_gguf

#: Version of all packages, and the keys that version 0.1 computed with it for ``checkpoint``.
VERSION = "1.2.3"
KEYS_0_1 = {
    ("openvino", "int8"): "beb29e5634b5328c0675d71522547c43e46ad38e78bf2066cd26965a115de0e8",
    ("onnxruntime", "fp32"): "7b38f2eb6bef3fa2ae60fbe251014e6e80c3c351df0b0cf21af41fc9de33f56d",
}


@pytest.fixture
def checkpoint(tmp_path: Path) -> ModelDescription:
    directory = tmp_path / "coder"
    directory.mkdir()
    names = ("config.json", "generation_config.json", "model.safetensors", "tokenizer.json")
    for name in names:
        (directory / name).write_text(name)
    files = tuple(ModelFile(path, path.stat().st_size) for path in directory.iterdir())
    model = resolve_model(EMBEDDED)
    return replace(model, name="coder", format="checkpoint", weights=directory, files=files)


@pytest.fixture
def versions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.metadata, "version", lambda package: VERSION)


@pytest.mark.parametrize(
    ("format", "engine", "precision", "needed"),
    [
        ("checkpoint", "openvino", "int8", True),
        ("checkpoint", "onnxruntime", "fp32", True),
        ("checkpoint", "transformers", "fp32", False),
        ("gguf", "openvino", "int8", True),
        ("gguf", "openvino", "", False),
        ("script", "scripted", "", False),
    ],
)
def test_models_are_converted_for_some_engines(
    checkpoint: ModelDescription, format: str, engine: str, precision: str, needed: bool
) -> None:
    model = replace(checkpoint, format=format)  # type: ignore[arg-type]
    assert needs_conversion(model, engine, precision) == needed


def _keep(cache: Path, model: ModelDescription, engine: str, precision: str, key: str) -> None:
    store = Store(cache)
    conversion = Conversion(model.name, str(model.weights), engine, precision, key, {})
    with store.lock(key), store.staging(conversion) as directory:
        (directory / "model.bin").write_bytes(b"weights")
        store.commit(directory, conversion, 1.0)


@pytest.mark.usefixtures("versions")
@pytest.mark.parametrize(("engine", "precision"), KEYS_0_1)
def test_the_key_is_that_of_version_0_1(
    checkpoint: ModelDescription, cache: Path, engine: str, precision: str
) -> None:
    _keep(cache, checkpoint, engine, precision, KEYS_0_1[engine, precision])
    found = find_converted(checkpoint, engine, precision, cache)
    assert found is not None
    assert found.key == KEYS_0_1[engine, precision]
    assert find_converted(checkpoint, engine, "fp16", cache) is None


@pytest.mark.usefixtures("versions")
def test_another_version_of_a_package_is_another_conversion(
    checkpoint: ModelDescription, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _keep(cache, checkpoint, "openvino", "int8", KEYS_0_1["openvino", "int8"])
    monkeypatch.setattr(importlib.metadata, "version", lambda package: "1.2.4")
    assert find_converted(checkpoint, "openvino", "int8", cache) is None


@pytest.mark.usefixtures("versions")
def test_only_weights_and_configuration_are_part_of_the_key(
    checkpoint: ModelDescription, cache: Path
) -> None:
    _keep(cache, checkpoint, "openvino", "int8", KEYS_0_1["openvino", "int8"])
    (checkpoint.weights / "tokenizer.json").write_text("another")
    assert find_converted(checkpoint, "openvino", "int8", cache) is not None
    (checkpoint.weights / "config.json").write_text("another")
    assert find_converted(checkpoint, "openvino", "int8", cache) is None


def _keys(model: ModelDescription, cache: Path) -> str:
    return _describe(model, "openvino", "int8", Store(cache), lambda share, text: None).key


def test_a_gguf_is_known_by_its_content(tmp_path: Path, cache: Path) -> None:
    path = write_mixed_gguf(tmp_path / "x.gguf")
    key = _keys(resolve_model(str(path), cache=cache), cache)
    renamed = path.rename(tmp_path / "sha256-1")
    assert _keys(resolve_model(str(renamed), cache=cache), cache) == key
    content = renamed.read_bytes()
    renamed.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    assert _keys(resolve_model(str(renamed), cache=cache), cache) != key


def test_all_parts_of_a_gguf_count(tmp_path: Path, cache: Path) -> None:
    first = write_mixed_gguf(tmp_path / "x.gguf", tensors_per_file=7)
    key = _keys(resolve_model(str(first), cache=cache), cache)
    last = max(tmp_path.glob("*.gguf"))
    content = last.read_bytes()
    last.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    assert _keys(resolve_model(str(first), cache=cache), cache) != key


def test_a_shortage_is_a_sentence_unless_the_model_was_converted(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = resolve_model(str(write_mixed_gguf(tmp_path / "x.gguf")), cache=cache)
    assert find_shortage(model, "openvino", "int8", cache / "not" / "made") == ""
    monkeypatch.setattr("jupyter_safecoder.conversion.converter.available_bytes", lambda: 10**8)
    shortage = find_shortage(model, "openvino", "int8", cache)
    assert shortage == "Converting x needs 1.0 GB of memory; 0.1 GB are free."
    _keep(cache, model, "openvino", "int8", _keys(model, cache))
    assert find_shortage(model, "openvino", "int8", cache) == ""


def test_the_estimate_of_a_gguf(tmp_path: Path, cache: Path) -> None:
    model = resolve_model(str(write_mixed_gguf(tmp_path / "x.gguf")), cache=cache)
    assert model.gguf
    assert estimate_model(model, "openvino", "int8") == estimate_resources(
        model.gguf.parameters, "openvino", "int8", gguf=True
    )
