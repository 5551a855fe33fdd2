"""The sizes of a checkpoint."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from jupyter_safecoder.models import (
    EMBEDDED,
    GgufContent,
    ModelDescription,
    count_parameters,
    format_gb,
    kv_values,
    resolve_model,
)


@pytest.fixture(scope="module")
def model(intact_checkpoint: Path) -> ModelDescription:
    """Return the description of the checkpoint."""
    return resolve_model(str(intact_checkpoint))


def test_parameters_of_a_checkpoint(model: ModelDescription) -> None:
    # 2 layers of 16: embeddings and positions, attention with one KV head, MLP, norms.
    layer = (16 * 32 + 32) + (16 * 16 + 16) + (16 * 32 + 32) + (32 * 16 + 16) + 4 * 16
    assert count_parameters(model) == 49152 * 16 + 256 * 16 + 2 * layer + 2 * 16


def test_other_formats_have_none() -> None:
    model = resolve_model(EMBEDDED)
    assert count_parameters(model) == kv_values(model) == 0


def test_the_header_of_a_gguf_has_them() -> None:
    content = GgufContent(
        parameters=500,
        quantization="Q4_K_M",
        kv_values=64,
        servable_unchanged=True,
        convertible=True,
        faster_converted=True,
    )
    model = replace(resolve_model(EMBEDDED), gguf=content)
    assert (count_parameters(model), kv_values(model)) == (500, 64)


@pytest.mark.parametrize(
    ("config", "values"),
    [
        ({}, 2 * 2 * 8),  # keys and values of two layers, one KV head of 8
        ({"multi_query": False, "num_key_value_heads": None}, 2 * 2 * 16),
        (
            {
                **{"multi_query": False, "num_hidden_layers": 3, "hidden_size": 64},
                **{"num_attention_heads": 8, "num_key_value_heads": 2},
            },
            2 * 3 * 2 * 8,
        ),
        (
            {
                **{"multi_query": False, "num_hidden_layers": 3, "num_attention_heads": 8},
                **{"num_key_value_heads": 2, "head_dim": 5},
            },
            2 * 3 * 2 * 5,
        ),
    ],
)
def test_kv_values_of_a_token(
    model: ModelDescription, tmp_path: Path, config: dict[str, Any], values: int
) -> None:
    original = json.loads((model.weights / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps({**original, **config}))
    assert kv_values(replace(model, weights=tmp_path)) == values


def test_format_gb() -> None:
    assert [format_gb(size) for size in (0, 49_000_000, 1.55e9, 22e9)] == [
        *("0.0 GB", "0.0 GB", "1.6 GB", "22.0 GB")
    ]
