"""ONNX Runtime: what cannot be loaded. Its completions are tested in test_exactness.py."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from jupyter_safecoder.engines import EngineOptions, make_engine
from jupyter_safecoder.errors import EngineError
from jupyter_safecoder.models import EMBEDDED, resolve_model


def _load_error(options: EngineOptions) -> EngineError:
    model = replace(resolve_model(EMBEDDED), name="tiny")
    with pytest.raises(EngineError) as raised:
        make_engine("onnxruntime", model, options).load()
    return raised.value


def _graph(directory: Path, *inputs: str) -> EngineOptions:
    """Write a graph that returns its first input."""
    from onnx import TensorProto, helper, save

    shape: list[str | int | None] = [1, 2, "past", 4]
    infos = [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name in inputs]
    output = helper.make_tensor_value_info("logits", TensorProto.FLOAT, shape)
    node = helper.make_node("Identity", [inputs[0]], ["logits"])
    graph = helper.make_graph([node], "tiny", infos, [output])
    opset = [helper.make_opsetid("", 18)]
    save(helper.make_model(graph, opset_imports=opset, ir_version=10), directory / "model.onnx")
    return EngineOptions(weights=directory)


def test_a_model_that_is_not_converted() -> None:
    error = _load_error(EngineOptions())
    assert error.reason == "tiny is not converted for ONNX Runtime."
    assert "model prepare tiny" in error.remedy


def test_an_empty_directory(tmp_path: Path) -> None:
    assert "has no model.onnx" in _load_error(EngineOptions(weights=tmp_path)).reason


def test_a_corrupt_graph(tmp_path: Path) -> None:
    (tmp_path / "model.onnx").write_bytes(b"no graph")
    error = _load_error(EngineOptions(weights=tmp_path))
    assert error.reason.startswith("ONNX Runtime could not load tiny: ")
    assert error.remedy


@pytest.mark.parametrize("inputs", [("pixels",), ("input_ids",), ("past_key_values.0.key", "x")])
def test_a_graph_that_is_not_a_decoder(inputs: tuple[str, ...], tmp_path: Path) -> None:
    assert "is not a decoder with past KV" in _load_error(_graph(tmp_path, *inputs)).reason


def test_a_device_that_does_not_exist(tmp_path: Path) -> None:
    options = replace(_graph(tmp_path, "past_key_values.0.key"), device="abacus")
    error = _load_error(options)
    assert "has no device 'abacus'" in error.reason
    assert "cpu" in error.remedy
