"""The description in ``model.json``, also that of version 0.1."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from jupyter_safecoder.engines.scripted import write_scripted_model
from jupyter_safecoder.errors import ModelError
from jupyter_safecoder.models import ModelDescription, ModelFile, read_description
from jupyter_safecoder.models.description import GgufContent, write_description
from jupyter_safecoder.postprocess import DEFAULT_CALIBRATION, Calibration


def _write(directory: Path, change: Callable[[dict[str, Any]], Any]) -> None:
    path = write_scripted_model(directory, {}) / "model.json"
    path.write_text(json.dumps(change(json.loads(path.read_text()))))


def _read_error(directory: Path) -> ModelError:
    with pytest.raises(ModelError) as raised:
        read_description(directory)
    return raised.value


def _change(**changes: Any) -> Callable[[dict[str, Any]], Any]:
    return lambda data: {**data, **changes}


def test_what_the_protocol_reports(tmp_path: Path) -> None:
    _write(tmp_path, _change(name="coder", license="MIT"))
    info = read_description(tmp_path).info()
    assert (info.name, info.license, info.layouts) == ("coder", "MIT", ("spm", "psm", "context"))


def test_the_fields_are_those_of_the_file_but_for_its_files(tmp_path: Path) -> None:
    _write(tmp_path, _change(name="coder"))
    written = json.loads((tmp_path / "model.json").read_text("utf-8"))
    fields = json.loads(json.dumps(read_description(tmp_path).fields()))
    assert fields == {k: v for k, v in written.items() if k not in ("weights", "tokenizer")}


def test_the_size_of_the_weights_is_without_the_tokenizer(tmp_path: Path) -> None:
    _write(
        tmp_path,
        lambda data: {
            **data,
            "weights": {"file": "a.gguf", "size": 70, "sha256": ""},
            "tokenizer": {"file": "tokenizer.json", "size": 5, "sha256": ""},
        },
    )
    assert read_description(tmp_path).weights_bytes == 70


def test_the_calibration(tmp_path: Path) -> None:
    _write(tmp_path, _change())
    assert read_description(tmp_path).calibration == DEFAULT_CALIBRATION
    _write(tmp_path, _change(confidence={"intercept": -1, "slope": 0.5}))
    model = read_description(tmp_path)
    assert model.calibration == Calibration(-1.0, 0.5)
    # It does not hold for a model that is made of this one.
    assert "confidence" not in model.fields()


def test_the_files_of_a_checkpoint_are_in_its_directory(tmp_path: Path) -> None:
    files = [ModelFile(tmp_path / name, 3, "ab" * 32) for name in ("config.json", "x.safetensors")]
    written = ModelDescription(
        *("coder", "starcoder", ("psm",), "psm", 2048, 1000, 500, 200, ("python",), "MIT"),
        *("checkpoint", "llama", tmp_path, tmp_path / "tokenizer.json"),
        files=tuple(files),
    )
    write_description(written)
    assert read_description(tmp_path) == written
    moved = tmp_path.rename(tmp_path.with_name("moved"))
    assert read_description(moved).files[0].path == moved / "config.json"
    moved.rename(tmp_path)


def test_what_the_header_of_a_gguf_says_is_kept(tmp_path: Path) -> None:
    file = ModelFile(tmp_path / "a.gguf", 70, "ab" * 32)
    tokenizer = ModelFile(tmp_path / "tokenizer.json", 5, "cd" * 32)
    written = ModelDescription(
        *("coder", "starcoder", ("psm",), "psm", 2048, 1000, 500, 200, ("python",), "MIT"),
        *("gguf", "llama", file.path, tokenizer.path),
        files=(file, tokenizer),
        gguf=GgufContent(1000, "Q4_K_M", 64, False, True, True),
    )
    write_description(written)
    assert read_description(tmp_path) == written
    # It does not hold for a model that is made of this one.
    assert "gguf" not in written.fields()


def test_a_description_of_version_0_1(tmp_path: Path) -> None:
    def old(data: dict[str, Any]) -> dict[str, Any]:
        return {("licence" if name == "license" else name): v for name, v in data.items()}

    _write(tmp_path, old)
    assert '"licence"' in (tmp_path / "model.json").read_text()
    model: ModelDescription = read_description(tmp_path)
    assert model.license == "Apache-2.0"


@pytest.mark.parametrize(
    "change",
    [
        lambda data: [],
        lambda data: None,
        lambda data: {name: value for name, value in data.items() if name != "family"},
        _change(weights="script.json"),
        _change(weights={"file": "script.json"}),
        _change(weights={"file": 5, "size": 1, "sha256": ""}),
        _change(layouts=None),
        _change(unknown_field=1),
        _change(confidence=None),
        _change(confidence={"slope": 1}),
        _change(confidence={"intercept": 0, "slope": 0}),
        _change(confidence={"intercept": 0, "slope": -1}),
        _change(confidence={"intercept": float("nan"), "slope": 1}),
        _change(confidence={"intercept": "0", "slope": 1}),
        _change(confidence={"intercept": 0, "slope": 1, "more": 1}),
    ],
)
def test_a_description_with_errors(tmp_path: Path, change: Callable[[dict[str, Any]], Any]) -> None:
    _write(tmp_path, change)
    error = _read_error(tmp_path)
    assert "model.json" in error.reason
    assert error.remedy


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe\x00"])
def test_a_description_that_is_not_json(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "model.json").write_bytes(content)
    assert _read_error(tmp_path).remedy


def test_a_missing_description(tmp_path: Path) -> None:
    assert "has no model.json" in _read_error(tmp_path).reason


_HOSTILE: list[Any] = [None, True, -1, 0, 1.5, 2**70, "", "x", [], [5], {}, {"x": 5}, [[]]]
_FIELDS = (
    *("name", "family", "layouts", "default_layout", "context_window", "context_tokens"),
    *("prefix_tokens", "suffix_tokens", "languages", "license", "format", "architecture"),
    *("weights", "tokenizer", "confidence", "gguf"),
)


@pytest.mark.parametrize("field", _FIELDS)
def test_no_value_is_trusted(tmp_path: Path, field: str) -> None:
    """Each is replaced by any other: the file is named, or the types are those of a description."""
    refused = 0
    for value in _HOSTILE:
        _write(tmp_path, _change(**{field: value}))
        try:
            model = read_description(tmp_path)
        except ModelError as error:
            assert str(tmp_path / "model.json") in error.reason  # noqa: PT017
            refused += 1
            continue
        assert all(isinstance(text, str) for text in (model.name, *model.layouts, model.license))
        assert model.context_window > 0
        assert {file.path.parent for file in model.files} <= {tmp_path}
    assert refused > 3


@pytest.mark.parametrize("name", ["../x.gguf", "/etc/passwd", "a/b", "..", "", 5, None])
def test_files_are_in_the_directory_of_the_description(tmp_path: Path, name: Any) -> None:
    file = {"file": name, "size": 70, "sha256": ""}
    _write(tmp_path, _change(weights=file))
    assert "model.json cannot be read" in _read_error(tmp_path).reason


def test_a_description_that_is_deep(tmp_path: Path) -> None:
    (tmp_path / "model.json").write_text("[" * 100_000)
    assert "model.json cannot be read" in _read_error(tmp_path).reason


@pytest.mark.parametrize("window", [256, 1024, 2048, 4096, 8191])
def test_a_prompt_fits_the_window_of_a_server(tmp_path: Path, window: int) -> None:
    model = write_scripted_model(tmp_path, {})
    described = replace(
        read_description(model),
        context_window=8192,
        context_tokens=2048,
        prefix_tokens=512,
        suffix_tokens=256,
    )
    smaller = described.with_window(window)
    budget = smaller.budget
    # A cell magic may add a quarter to the part before the cursor.
    assert budget.total + budget.prefix // 4 + 16 + min(160, window // 4) <= window
    assert (smaller.context_window, smaller.name) == (window, described.name)
    whole = (smaller.context_tokens, smaller.prefix_tokens) == (2048, 512)
    assert whole == (window >= 4096)
    assert described.with_window(8192) is described
