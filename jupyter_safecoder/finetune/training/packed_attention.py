"""Attention over packs: a token attends to its own sample, and nothing is computed twice.

It is registered with transformers, so that it works in every architecture. The keys and values of a
segment are gathered from the ranges before it; torch's SDPA kernels compute the attention.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch.nn.functional import scaled_dot_product_attention

from jupyter_safecoder.finetune.samples.packing import Segment

#: The name in transformers' registry.
NAME = "safecoder_packed"
_MAX_CACHED_MASKS = 4096


class PackedAttention:
    """The attention of all layers of a model; ``segments`` are those of the present pack."""

    def __init__(self) -> None:
        self.segments: Sequence[Segment] = ()
        self._masks: dict[tuple[int, int, int | None], torch.Tensor] = {}

    def register(self) -> None:
        """Register it; models that are loaded with the attention :data:`NAME` then call it."""
        from transformers import AttentionInterface, AttentionMaskInterface

        AttentionInterface.register(NAME, self)
        # A mask of pack times pack would take memory, and nothing would read it.
        AttentionMaskInterface.register(NAME, lambda *args, **kwargs: None)

    def __call__(
        self,
        module: torch.nn.Module,
        query: torch.Tensor,
        key: torch.Tensor,
        value: torch.Tensor,
        attention_mask: torch.Tensor | None,
        scaling: float | None = None,
        sliding_window: int | None = None,
        **others: Any,
    ) -> tuple[torch.Tensor, None]:
        """Compute the attention of a layer.

        Parameters
        ----------
        module, attention_mask, others
            Arguments of transformers that are not used.
        query
            ``(1, heads, tokens, size)``.
        key, value
            ``(1, key heads, tokens, size)``.
        scaling
            Factor of the products; ``None``: one over the square root of ``size``.
        sliding_window
            Number of tokens that a token attends to, itself included; ``None``: all.

        Returns
        -------
        tuple
            The output, ``(1, tokens, heads, size)``, and ``None`` for the weights.
        """
        heads, tokens, size = query.shape[1:]
        key_heads = key.shape[1]
        # A key head is a row of the batch: its queries share it without a copy.
        queries = query[0].view(key_heads, heads // key_heads, tokens, size)
        keys, values = key[0].unsqueeze(1), value[0].unsqueeze(1)
        outputs = []
        for segment in self.segments:
            ranges = [*segment.before, (segment.start, segment.stop)]
            length = segment.stop - segment.start
            total = segment.position + length
            mask = self._mask(length, total, sliding_window, query.device)
            outputs.append(
                scaled_dot_product_attention(
                    queries[:, :, segment.start : segment.stop],
                    _gather(keys, ranges).expand(-1, heads // key_heads, -1, -1),
                    _gather(values, ranges).expand(-1, heads // key_heads, -1, -1),
                    attn_mask=mask,
                    is_causal=mask is None,
                    scale=scaling,
                )
            )
        out = torch.cat(outputs, dim=2).reshape(1, heads, tokens, size)
        return out.transpose(1, 2).contiguous(), None

    def _mask(
        self, length: int, total: int, window: int | None, device: torch.device
    ) -> torch.Tensor | None:
        """Return the mask of the last ``length`` of ``total`` tokens; ``None``: plain causal.

        The mask has the shape ``(length, total)``: a band at the lower right.
        """
        if window is not None and window >= total:
            window = None
        if length == total and window is None:
            return None
        key = (length, total, window)
        if key not in self._masks:
            if len(self._masks) > _MAX_CACHED_MASKS:
                self._masks.clear()
            mask = torch.ones(length, total, dtype=torch.bool, device=device)
            mask = mask.tril(total - length)
            if window is not None:
                mask = mask.triu(total - length - window + 1)
            self._masks[key] = mask
        return self._masks[key]


def _gather(rows: torch.Tensor, ranges: Sequence[tuple[int, int]]) -> torch.Tensor:
    """Return ranges of tokens, the third dimension, one after the other."""
    parts = [rows[:, :, start:stop] for start, stop in ranges]
    return parts[0] if len(parts) == 1 else torch.cat(parts, dim=2)
