"""What the processes of a training agree on."""

from __future__ import annotations

import torch

from jupyter_safecoder.finetune.training.ranks import Ranks


class Accelerator:
    """An accelerator with another process, whose number differs."""

    process_index, num_processes, device = 1, 2, torch.device("cpu")

    def __init__(self, other: float) -> None:
        self.other = other

    def gather(self, own: torch.Tensor) -> torch.Tensor:
        return torch.cat([own, torch.tensor([self.other], dtype=own.dtype)])


def test_one_process_agrees_with_itself() -> None:
    ranks = Ranks()
    assert (ranks.rank, ranks.number) == (0, 1)
    assert (ranks.any(True), ranks.any(False), ranks.min(3.5)) == (True, False, 3.5)
    assert ranks.prepare("model", "optimizer") == ("model", "optimizer")


def test_several_processes() -> None:
    ranks = Ranks(Accelerator(2.0))
    assert (ranks.rank, ranks.number) == (1, 2)
    assert ranks.min(3.0) == 2.0
    assert ranks.min(1.0) == 1.0
    assert ranks.any(False)
    assert not Ranks(Accelerator(0.0)).any(False)


def test_numbers_are_exact() -> None:
    # Single precision would round it.
    assert Ranks(Accelerator(10.0**9)).min(123_456_789.0) == 123_456_789.0
