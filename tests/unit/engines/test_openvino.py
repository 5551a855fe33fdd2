"""The size of the KV cache; loading and completing: ``tests/integration``."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from jupyter_safecoder.engines import EngineOptions, openvino
from jupyter_safecoder.models import EMBEDDED, ModelDescription, resolve_model


@pytest.fixture
def checkpoint(tmp_path: Path) -> ModelDescription:
    """Return a model of which a token has 2 * 10 * 1024 KV values: 40 kB in 16 bits."""
    config = {"num_hidden_layers": 10, "num_attention_heads": 8, "head_dim": 128}
    (tmp_path / "config.json").write_text(json.dumps(config))
    return replace(resolve_model(EMBEDDED), format="checkpoint", weights=tmp_path)


@pytest.mark.parametrize(
    ("free", "exact", "blocks"),
    [
        (None, False, 1024),
        (64 * 2**30, False, 1024),
        (2 * 2**30, False, 409),  # a quarter of the memory
        (2 * 2**30, True, 204),
    ],
)
def test_kv_blocks_fit_the_free_memory(
    checkpoint: ModelDescription,
    monkeypatch: pytest.MonkeyPatch,
    free: int | None,
    exact: bool,
    blocks: int,
) -> None:
    monkeypatch.setattr(openvino, "available_bytes", lambda: free)
    model = replace(checkpoint, context_tokens=100, prefix_tokens=100, suffix_tokens=100)
    assert openvino._kv_blocks(model, exact=exact) == blocks


def test_one_prompt_fits_however_little_memory_there_is(
    checkpoint: ModelDescription, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(openvino, "available_bytes", lambda: 0)
    model = replace(checkpoint, context_tokens=1000, prefix_tokens=100, suffix_tokens=50)
    sources = model.budget.total - 1150
    assert openvino._kv_blocks(model, exact=False) == -(-(1300 + sources) // 32)


@pytest.mark.parametrize(("granted", "threads"), [(None, None), (2, 2)])
def test_no_more_threads_than_the_control_group_grants(
    monkeypatch: pytest.MonkeyPatch, granted: int | None, threads: int | None
) -> None:
    monkeypatch.setattr(openvino, "granted_threads", lambda: granted)
    engine = openvino.OpenVinoEngine(resolve_model(EMBEDDED), EngineOptions())
    assert engine._properties().get("INFERENCE_NUM_THREADS") == threads
