"""Random weights: how many a shape has, and the space that they need."""

from __future__ import annotations

import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest

from benchmarks.engines.random_model import count_weights, random_model
from jupyter_safecoder.errors import ModelError
from jupyter_safecoder.models.random_weights import SHAPES


def test_random_weights_need_disk_space(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    full = SimpleNamespace(total=10**9, used=10**9, free=0)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: full)
    with pytest.raises(ModelError) as raised:
        random_model("starcoderbase-1b", tmp_path)
    assert "13.6 GB" in raised.value.reason
    assert "0.0 GB are free" in raised.value.reason
    assert list(tmp_path.iterdir()) == [tmp_path / "tmp"]


def test_the_shapes_have_the_sizes_of_their_names() -> None:
    assert count_weights(SHAPES["starcoderbase-1b"]) == pytest.approx(1.137e9, rel=0.01)
    assert count_weights(SHAPES["tiny-starcoder"]) == pytest.approx(164e6, rel=0.01)
