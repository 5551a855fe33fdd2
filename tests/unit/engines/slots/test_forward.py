"""Attention types of models; passes: ``tests/integration/engines/test_transformers.py``."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

pytest.importorskip("torch")

from jupyter_safecoder.engines.slots.forward import (
    FULL_ATTENTION,
    SLIDING_ATTENTION,
    _graph_length,
    _logit_scale,
    attention_types,
)


@pytest.mark.parametrize(
    ("config", "types"),
    [
        ({}, {FULL_ATTENTION}),
        ({"sliding_window": None}, {FULL_ATTENTION}),
        ({"sliding_window": 24}, {SLIDING_ATTENTION}),
        ({"layer_types": ["full_attention"] * 2, "sliding_window": 24}, {FULL_ATTENTION}),
        ({"layer_types": ["linear", "full_attention"]}, {"linear", FULL_ATTENTION}),
    ],
)
def test_attention_types(config: dict[str, object], types: set[str]) -> None:
    assert attention_types(SimpleNamespace(**config)) == types


@pytest.mark.parametrize(
    ("kv_length", "length"), [(1, 512), (512, 512), (513, 1024), (1025, 2048), (5000, 8192)]
)
def test_graphs_have_few_lengths(kv_length: int, length: int) -> None:
    assert _graph_length(kv_length) == length


@pytest.mark.parametrize(
    ("config", "scale"),
    [({}, 1.0), ({"logits_scaling": 8.0}, 0.125), ({"logit_scale": 0.0625}, 0.0625)],
)
def test_logits_are_scaled_as_the_model_says(config: dict[str, object], scale: float) -> None:
    assert _logit_scale(SimpleNamespace(**config)) == scale
