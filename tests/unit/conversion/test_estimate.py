"""A conversion is refused before it starts if memory or disk space are too small."""

from __future__ import annotations

import pytest

from jupyter_safecoder.conversion.estimate import (
    ResourceEstimate,
    check_resources,
    estimate_resources,
)
from jupyter_safecoder.errors import ModelError
from jupyter_safecoder.models import EMBEDDED, resolve_model


def test_an_estimate_grows_with_the_precision() -> None:
    estimates = [estimate_resources(10**9, "openvino", p) for p in ("int4", "int8", "fp16", "fp32")]
    disks = [estimate.disk for estimate in estimates]
    assert disks == sorted(disks)
    assert len({*disks}) == 4
    assert estimates[1].memory > 4e9


def test_onnx_is_written_in_fp32_first() -> None:
    onnx = estimate_resources(10**9, "onnxruntime", "int8")
    assert onnx.disk > estimate_resources(10**9, "openvino", "int8").disk
    assert onnx.disk > estimate_resources(10**9, "onnxruntime", "fp32").disk


@pytest.mark.parametrize(
    ("memory", "disk", "reason"),
    [
        (8 * 10**9, 10**9, "needs 2.0 GB on the disk of /cache; 1.0 GB are free"),
        (3 * 10**9, 10**10, "needs 4.0 GB of memory; 3.0 GB are free"),
    ],
)
def test_a_refusal_has_both_sizes(memory: int, disk: int, reason: str) -> None:
    model = resolve_model(EMBEDDED)
    estimate = ResourceEstimate(memory=4 * 10**9, disk=2 * 10**9)
    with pytest.raises(ModelError, match=reason) as raised:
        check_resources(model, estimate, memory, disk, "/cache")
    assert raised.value.remedy
    check_resources(model, estimate, None, 10**10, "/cache")


def test_of_a_gguf_a_checkpoint_in_fp16_is_written_first() -> None:
    plain = estimate_resources(10**9, "openvino", "int8")
    gguf = estimate_resources(10**9, "openvino", "int8", gguf=True)
    assert gguf.disk - plain.disk == 2 * 10**9
    assert gguf.memory == plain.memory
