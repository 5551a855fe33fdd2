"""Computes the losses of packs with a PEFT model."""

from __future__ import annotations

import math
from collections.abc import Sequence
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any, cast

from jupyter_safecoder.finetune.samples.packing import Pack

if TYPE_CHECKING:
    import torch

    from .packed_attention import PackedAttention


class PackedModel:
    """A PEFT model whose attention takes the segments of a pack.

    Parameters
    ----------
    peft_model
        The model.
    attention
        The attention that it was loaded with.
    """

    def __init__(self, peft_model: Any, attention: PackedAttention) -> None:
        import torch

        self.peft_model = peft_model
        self.device: torch.device = next(peft_model.parameters()).device
        self._attention = attention
        self._autocast = peft_model.dtype == torch.bfloat16
        self._rows: torch.Tensor | None = None
        # Logits of the targets' rows alone; not every architecture takes `logits_to_keep`.
        peft_model.get_output_embeddings().register_forward_pre_hook(
            lambda layer, inputs: (inputs[0][:, self._rows],)
        )

    def losses(self, pack: Pack, forward: Any = None) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the losses of a pack's targets, in nats, and their weights.

        Parameters
        ----------
        pack
            Samples.
        forward
            The model as Accelerate has wrapped it; ``None``: the model itself.

        Returns
        -------
        tuple of tensors
            Both of the shape ``(targets,)``.
        """
        import torch

        rows, ids, weights = zip(*pack.targets, strict=True)
        unique = sorted(set(rows))
        index = {row: number for number, row in enumerate(unique)}
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self._autocast):
            logits = self._logits(pack, unique, forward or self.peft_model)
        if len(unique) != len(rows):
            logits = logits[torch.tensor([index[row] for row in rows], device=self.device)]
        losses = torch.nn.functional.cross_entropy(
            logits.float(), torch.tensor(ids, device=self.device), reduction="none"
        )
        return losses, torch.tensor(weights, device=self.device)

    def mean_loss(self, packs: Sequence[Pack], *, adapter: bool = True) -> float:
        """Return the mean loss of the targets of packs, in nats per token.

        Parameters
        ----------
        packs
            Samples.
        adapter
            Whether with the adapter, or with the base model alone.
        """
        import torch

        self.peft_model.eval()
        total = count = 0.0
        with torch.no_grad(), nullcontext() if adapter else self.peft_model.disable_adapter():
            for pack in packs:
                # Not through Accelerate's wrapper, which would wait for the other processes.
                losses, _ = self.losses(pack)
                total += float(losses.sum())
                count += len(losses)
        return total / count if count else math.nan

    def _logits(self, pack: Pack, rows: list[int], forward: Any) -> torch.Tensor:
        """Return the logits of rows, of the shape ``(rows, vocabulary)``."""
        import torch

        self._attention.segments = pack.segments
        self._rows = torch.tensor(rows, device=self.device)
        output = forward(
            input_ids=torch.tensor([pack.ids], device=self.device),
            position_ids=torch.tensor([pack.positions], device=self.device),
            use_cache=False,
        )
        return cast("torch.Tensor", output.logits[0])
