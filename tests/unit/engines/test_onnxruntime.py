"""A model must be converted for ONNX Runtime; loading: ``tests/integration``."""

from __future__ import annotations

from pathlib import Path

import pytest

from jupyter_safecoder.engines import EngineOptions
from jupyter_safecoder.engines.onnxruntime import OnnxRuntimeEngine
from jupyter_safecoder.errors import EngineError
from jupyter_safecoder.models import EMBEDDED, resolve_model


def _load_error(options: EngineOptions) -> EngineError:
    with pytest.raises(EngineError) as raised:
        OnnxRuntimeEngine(resolve_model(EMBEDDED), options)._find_graph()
    return raised.value


def test_a_model_that_is_not_converted() -> None:
    error = _load_error(EngineOptions())
    assert error.reason == f"{EMBEDDED} is not converted for ONNX Runtime."
    assert f"model prepare {EMBEDDED} --engine onnxruntime" in error.remedy


def test_a_directory_without_a_graph(tmp_path: Path) -> None:
    assert "has no model.onnx" in _load_error(EngineOptions(weights=tmp_path)).reason
