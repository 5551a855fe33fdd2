"""Precisions of the transformers engine; completing: ``tests/integration``."""

from __future__ import annotations

import pytest

from jupyter_safecoder.engines import EngineOptions
from jupyter_safecoder.engines.transformers import TransformersEngine
from jupyter_safecoder.errors import EngineError
from jupyter_safecoder.models import EMBEDDED, resolve_model

pytest.importorskip("torch")


def _engine(device: str, precision: str) -> TransformersEngine:
    options = EngineOptions(device=device, precision=precision)
    return TransformersEngine(resolve_model(EMBEDDED), options)


@pytest.mark.parametrize(
    ("device", "precision", "dtype"),
    [
        ("cpu", "", "torch.float32"),
        ("cuda", "", "torch.bfloat16"),
        ("cpu", "bf16", "torch.bfloat16"),
        ("cuda:1", "fp16", "torch.float16"),
    ],
)
def test_the_default_precision_depends_on_the_device(
    device: str, precision: str, dtype: str
) -> None:
    assert str(_engine(device, precision)._choose_dtype()) == dtype


def test_a_precision_that_is_not_supported() -> None:
    with pytest.raises(EngineError, match="does not compute in int8") as raised:
        _engine("cpu", "int8")._choose_dtype()
    assert "openvino engine for int8" in raised.value.remedy
