"""ONNX Runtime: what cannot load. What it answers is in test_exactness.py."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from jupyter_safecoder.engines import EngineOptions, make_engine
from jupyter_safecoder.errors import EngineError
from jupyter_safecoder.models import EMBEDDED, resolve_model


def _refused(options: EngineOptions) -> EngineError:
    model = replace(resolve_model(EMBEDDED), name="tiny")
    with pytest.raises(EngineError) as raised:
        make_engine("onnxruntime", model, options).load()
    return raised.value


def _graph(directory: Path, *inputs: str) -> EngineOptions:
    """Write a graph that gives its first input back."""
    from onnx import TensorProto, helper, save

    shape = [1, 2, "past", 4]
    infos = [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name in inputs]
    output = helper.make_tensor_value_info("logits", TensorProto.FLOAT, shape)
    node = helper.make_node("Identity", [inputs[0]], ["logits"])
    graph = helper.make_graph([node], "tiny", infos, [output])
    opset = [helper.make_opsetid("", 18)]
    save(helper.make_model(graph, opset_imports=opset, ir_version=10), directory / "model.onnx")
    return EngineOptions(prepared=directory)


def test_not_prepared() -> None:
    problem = _refused(EngineOptions())
    assert problem.reason == "tiny is not prepared for ONNX Runtime."
    assert "model prepare tiny" in problem.remedy


def test_an_empty_directory(tmp_path: Path) -> None:
    assert "has no model.onnx" in _refused(EngineOptions(prepared=tmp_path)).reason


def test_a_corrupt_graph(tmp_path: Path) -> None:
    (tmp_path / "model.onnx").write_bytes(b"no graph")
    problem = _refused(EngineOptions(prepared=tmp_path))
    assert problem.reason.startswith("ONNX Runtime could not load tiny: ")
    assert problem.remedy


@pytest.mark.parametrize("inputs", [("pixels",), ("input_ids",), ("past_key_values.0.key", "x")])
def test_a_graph_that_is_no_decoder(inputs: tuple[str, ...], tmp_path: Path) -> None:
    assert "is no decoder with past KV" in _refused(_graph(tmp_path, *inputs)).reason


def test_a_device_that_is_not_there(tmp_path: Path) -> None:
    options = replace(_graph(tmp_path, "past_key_values.0.key"), device="abacus")
    problem = _refused(options)
    assert "has no device 'abacus'" in problem.reason
    assert "cpu" in problem.remedy
