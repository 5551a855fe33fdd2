"""An adapter with half of its scale makes half of the change."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from jupyter_safecoder.adapters.lora import read_changes
from jupyter_safecoder.adapters.scale import scale_files
from jupyter_safecoder.models import EMBEDDED, resolve_model
from tests.support.plain_lora import matrices_for, write_lora

LAYER = "model.layers.0.mlp.up_proj"


@pytest.mark.parametrize("config", [{}, {"alpha_pattern": {"up_proj": 3}}, {"use_rslora": True}])
def test_half_of_the_change(tmp_path: Path, config: dict[str, Any]) -> None:
    base = resolve_model(EMBEDDED)
    matrices = matrices_for(base, LAYER)
    adapter = write_lora(tmp_path / "adapter", matrices, **config)
    shape = [matrices[f"base_model.model.{LAYER}.lora_{part}.weight"].shape for part in "BA"]

    def change() -> Any:
        zeros = np.zeros((shape[0][0], shape[1][1]), dtype="float32")
        return np.array(read_changes(adapter, base)[f"{LAYER}.weight"](zeros))

    before = change()
    scale_files(adapter, 0.5)
    assert np.allclose(change(), before / 2, atol=1e-5)
    scale_files(adapter, 2)
    assert np.allclose(change(), before, atol=1e-5)
