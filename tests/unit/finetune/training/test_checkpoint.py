"""A checkpoint is replaced in one step."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from jupyter_safecoder.finetune.training.checkpoint import load_checkpoint, save_checkpoint
from tests.support.full_disk import files_of_at_most

CPU = torch.device("cpu")


def test_what_is_saved_is_loaded(tmp_path: Path) -> None:
    path = tmp_path / "training.pt"
    assert load_checkpoint(path, CPU) is None
    content = {"adapter": {"a": torch.ones(3)}, "state": {"step": 2, "curve": [(1, 2.0)]}}
    save_checkpoint(path, content)
    loaded = load_checkpoint(path, CPU)
    assert loaded is not None
    assert loaded["state"] == content["state"]
    assert torch.equal(loaded["adapter"]["a"], torch.ones(3))


def test_a_full_disk_leaves_the_old_checkpoint(tmp_path: Path) -> None:
    path = tmp_path / "job" / "training.pt"
    save_checkpoint(path, {"a": torch.ones(3)})
    whole = path.read_bytes()
    with files_of_at_most(len(whole)), pytest.raises(OSError, match=r"full|space|large"):
        save_checkpoint(path, {"a": torch.ones(100_000)})
    assert [one.name for one in path.parent.iterdir()] == ["training.pt"]
    assert path.read_bytes() == whole
