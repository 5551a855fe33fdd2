"""Attention over packs: each token sees its own sample alone, and nothing is computed twice.

Registered with transformers under a name of ours, so that every architecture takes it as it is:
keys and values of a segment are gathered from the runs before it, by torch's own SDPA kernels.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch.nn.functional import scaled_dot_product_attention

from jupyter_safecoder.finetune.samples.packing import Segment

#: How transformers knows it.
NAME = "safecoder_packed"


class PackedAttention:
    """What all layers of a network call; ``segments`` says how the present pack is made."""

    def __init__(self) -> None:
        self.segments: Sequence[Segment] = ()
        self._masks: dict[tuple[int, int, int | None], torch.Tensor] = {}

    def register(self) -> None:
        """Make it known; networks that are loaded with the name :data:`NAME` then call it."""
        from transformers import AttentionInterface, AttentionMaskInterface

        AttentionInterface.register(NAME, self)
        # The segments say all; a mask of a pack's square would take memory for nothing.
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
        """Attend.

        Parameters
        ----------
        module, attention_mask, others
            As transformers gives them; not used.
        query
            ``(1, heads, tokens, size)``.
        key, value
            ``(1, key heads, tokens, size)``.
        scaling
            Of the products; ``None``: one over the root of ``size``.
        sliding_window
            How many tokens a token sees, itself included; ``None``: all.

        Returns
        -------
        tuple
            ``(1, tokens, heads, size)``, and no weights.
        """
        heads, tokens, size = query.shape[1:]
        key_heads = key.shape[1]
        # A key head as a row of the batch: its queries share it without a copy.
        queries = query[0].view(key_heads, heads // key_heads, tokens, size)
        keys, values = key[0].unsqueeze(1), value[0].unsqueeze(1)
        outputs = []
        for segment in self.segments:
            runs = [*segment.before, (segment.start, segment.stop)]
            length = segment.stop - segment.start
            seen = segment.position + length
            mask = self._mask(length, seen, sliding_window, query.device)
            outputs.append(
                scaled_dot_product_attention(
                    queries[:, :, segment.start : segment.stop],
                    _gather(keys, runs).expand(-1, heads // key_heads, -1, -1),
                    _gather(values, runs).expand(-1, heads // key_heads, -1, -1),
                    attn_mask=mask,
                    is_causal=mask is None,
                    scale=scaling,
                )
            )
        out = torch.cat(outputs, dim=2).reshape(1, heads, tokens, size)
        return out.transpose(1, 2).contiguous(), None

    def _mask(
        self, length: int, seen: int, window: int | None, device: torch.device
    ) -> torch.Tensor | None:
        """Return which keys each query sees: a band at the lower right; ``None``: plain causal."""
        if window is not None and window >= seen:
            window = None
        if length == seen and window is None:
            return None
        name = (length, seen, window)
        if name not in self._masks:
            if len(self._masks) > 4096:
                self._masks.clear()
            mask = torch.ones(length, seen, dtype=torch.bool, device=device)
            mask = mask.tril(seen - length)
            if window is not None:
                mask = mask.triu(seen - length - window + 1)
            self._masks[name] = mask
        return self._masks[name]


def _gather(rows: torch.Tensor, runs: Sequence[tuple[int, int]]) -> torch.Tensor:
    parts = [rows[:, :, start:stop] for start, stop in runs]
    return parts[0] if len(parts) == 1 else torch.cat(parts, dim=2)
