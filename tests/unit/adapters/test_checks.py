"""Checks of adapters."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy
import pytest

from jupyter_safecoder.adapters.card import Card
from jupyter_safecoder.adapters.checks import check_adapter
from jupyter_safecoder.adapters.peft_files import WEIGHTS
from jupyter_safecoder.adapters.registry import Adapter, hash_files
from jupyter_safecoder.models import ModelDescription, resolve_model
from tests.support.plain_lora import matrices_for, write_lora
from tests.support.tiny_gguf import write_mixed_gguf

CARD = Card("ours", "mine", "b" * 64, "", {}, {}, {}, {}, {}, True, "", "", "")
LAYER = "model.layers.0.mlp.up_proj"


@pytest.fixture
def base(tmp_path: Path, cache: Path) -> ModelDescription:
    return resolve_model(str(write_mixed_gguf(tmp_path / "mine.gguf")), cache=cache)


def _adapter(directory: Path, weights: dict[str, object]) -> Adapter:
    write_lora(directory, weights)
    return Adapter(replace(CARD, files=hash_files(directory)), directory)


def test_an_adapter_that_fits(base: ModelDescription, tmp_path: Path) -> None:
    adapter = _adapter(tmp_path / "a", matrices_for(base, LAYER))
    assert [(c.check, c.ok) for c in check_adapter(adapter, base, "b" * 64)] == [
        *(("files", True), ("matrices", True)),
        ("base", True),
    ]


def test_another_base_says_nothing(base: ModelDescription, tmp_path: Path) -> None:
    adapter = _adapter(tmp_path / "a", matrices_for(base, LAYER))
    for model, sha256 in ((None, ""), (base, "c" * 64)):
        last = [*check_adapter(adapter, model, sha256)][-1]
        assert (last.check, last.ok) == ("base", None)


def test_what_fails(base: ModelDescription, tmp_path: Path) -> None:
    narrow = {
        n: v[:, :-1] if n.endswith("A.weight") else v for n, v in matrices_for(base, LAYER).items()
    }
    adapter = _adapter(tmp_path / "narrow", narrow)
    failed = [c for c in check_adapter(adapter, base, "b" * 64) if c.ok is False]
    assert [c.check for c in failed] == ["base"]
    assert "of another size" in failed[0].detail
    infinite = {n: numpy.full_like(v, numpy.inf) for n, v in matrices_for(base, LAYER).items()}
    adapter = _adapter(tmp_path / "infinite", infinite)
    failed = [c for c in check_adapter(adapter, None) if c.ok is False]
    assert [c.check for c in failed] == ["matrices"]
    (tmp_path / "infinite" / WEIGHTS).write_bytes(b"")
    failed = [c for c in check_adapter(adapter, None) if c.ok is False]
    assert [c.check for c in failed] == ["files", "matrices"]
