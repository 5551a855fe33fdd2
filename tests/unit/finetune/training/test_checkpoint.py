"""A checkpoint is replaced in one step."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
import torch
from safetensors.torch import save

from jupyter_safecoder.errors import FinetuneError
from jupyter_safecoder.finetune.training.checkpoint import load_checkpoint, save_checkpoint
from tests.support.full_disk import files_of_at_most

CPU = torch.device("cpu")


def test_what_is_saved_is_loaded(tmp_path: Path) -> None:
    path = tmp_path / "training.safetensors"
    assert load_checkpoint(path, CPU) is None
    content = {"adapter": {"a": torch.ones(3)}, "state": {"step": 2, "curve": [(1, 2.0)]}}
    save_checkpoint(path, content)
    loaded = load_checkpoint(path, CPU)
    assert loaded is not None
    assert loaded["state"] == content["state"]
    assert torch.equal(loaded["adapter"]["a"], torch.ones(3))


def test_the_state_of_an_optimizer_is_restored(tmp_path: Path) -> None:
    """Its keys are numbers, and its tensors of several types."""
    weight = torch.nn.Parameter(torch.ones(2, 3))
    optimizer = torch.optim.AdamW([weight], lr=0.5, betas=(0.9, 0.98))
    weight.grad = torch.ones(2, 3)
    optimizer.step()
    path = tmp_path / "training.safetensors"
    half = weight.to(torch.bfloat16)
    save_checkpoint(
        path, {"optimizer": optimizer.state_dict(), "a": half, "b": half, "x": math.inf}
    )
    loaded = load_checkpoint(path, CPU)
    assert loaded is not None
    assert torch.equal(loaded["a"], half)
    assert loaded["x"] == math.inf
    again = torch.optim.AdamW([torch.nn.Parameter(torch.ones(2, 3))], lr=0.1)
    again.load_state_dict(loaded["optimizer"])
    one, other = optimizer.state_dict(), again.state_dict()
    assert other["param_groups"] == one["param_groups"]
    assert torch.equal(other["state"][0]["exp_avg"], one["state"][0]["exp_avg"])


@pytest.mark.parametrize(
    "content",
    [
        *(b"", b"PK\x03\x04", b"\x80\x04}.", b"{}" * 50),
        save({}),
        save({}, {"content": "1"}),
        save({}, {"content": '{"tensor": "0"}'}),
        save({}, {"content": '{"a": 1, "b": 2}'}),
        save({}, {"content": '{"dict": 5}'}),
        save({}, {"content": "[" * 100_000}),
    ],
)
def test_what_is_no_checkpoint_is_refused_with_a_sentence(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "training.safetensors"
    path.write_bytes(content)
    with pytest.raises(FinetuneError, match="no checkpoint of a training"):
        load_checkpoint(path, CPU)


def test_a_full_disk_leaves_the_old_checkpoint(tmp_path: Path) -> None:
    path = tmp_path / "job" / "training.safetensors"
    save_checkpoint(path, {"a": torch.ones(3)})
    whole = path.read_bytes()
    with files_of_at_most(len(whole)), pytest.raises(OSError, match=r"full|space|large"):
        save_checkpoint(path, {"a": torch.ones(100_000)})
    assert [one.name for one in path.parent.iterdir()] == ["training.safetensors"]
    assert path.read_bytes() == whole
