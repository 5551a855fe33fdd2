"""A KV cache for ``transformers`` models with one row for each slot.

Each row of a batch is written and read at positions of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy
import torch
from transformers.cache_utils import Cache, CacheLayerMixin


@dataclass
class BatchLayout:
    """Which cache rows and positions a pass writes and reads.

    Parameters
    ----------
    rows
        Cache row of each sequence in the batch, shape ``(batch,)``.
    positions
        Position of each token in its row, shape ``(batch, tokens)``; ``length`` for padding.
    kv_length
        The pass attends to positions before this one.
    contiguous
        The rows as a slice, if they follow each other: then they can be read without a copy.
    """

    rows: torch.Tensor
    positions: torch.Tensor
    kv_length: int
    contiguous: slice | None


class SlotCache(Cache):
    """Keys and values of all layers; memory is allocated when the first tokens are stored.

    Parameters
    ----------
    layers
        Number of layers of the model.
    slots
        Number of rows.
    length
        Positions of a row. One more position takes the KV of padding and is never read.
    """

    def __init__(self, layers: int, slots: int, length: int) -> None:
        #: Layout of the next pass; the caller sets it before each one.
        self.layout: BatchLayout | None = None
        super().__init__(layers=[_SlotLayer(self, slots, length) for _ in range(layers)])


class _SlotLayer(CacheLayerMixin):
    """Keys and values of a layer, shape ``(slots, kv heads, length + 1, head size)``."""

    is_sliding = False
    is_compileable = False

    def __init__(self, cache: SlotCache, slots: int, length: int) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._cache = cache
        self._slots = slots
        self._length = length

    def lazy_initialization(
        self, key_states: torch.Tensor, value_states: torch.Tensor | None = None
    ) -> None:
        """Allocate memory with the type, device and shape of the keys, which values share.

        Transformers 4 passes ``key_states`` alone.
        """
        self.keys, self.values = self._zeros(key_states), self._zeros(key_states)
        self.is_initialized = True

    def update(
        self,
        key_states: torch.Tensor,
        value_states: torch.Tensor,
        cache_kwargs: dict[str, Any] | None = None,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Store new keys and values; return all that the pass attends to.

        Parameters
        ----------
        key_states, value_states
            Shape ``(batch, kv heads, tokens, head size)``.
        cache_kwargs
            What models pass to caches of other kinds; ignored.

        Returns
        -------
        tuple of torch.Tensor
            Keys and values, shape ``(batch, kv heads, kv_length, head size)``.
        """
        if not self.is_initialized:
            self.lazy_initialization(key_states)
        layout = self._cache.layout
        assert layout is not None
        assert self.keys is not None
        assert self.values is not None
        for stored, new in ((self.keys, key_states), (self.values, value_states)):
            stored[layout.rows[:, None], :, layout.positions] = new.transpose(1, 2)
        keys, values = self.keys[:, :, : layout.kv_length], self.values[:, :, : layout.kv_length]
        if layout.contiguous is not None:
            return keys[layout.contiguous], values[layout.contiguous]
        return keys[layout.rows], values[layout.rows]

    def get_mask_sizes(self, query_length: Any) -> tuple[int, int]:
        """Return how many positions a mask covers, and from which one.

        ``query_length`` is a number in transformers 5, a tensor of positions in transformers 4.
        """
        return self.get_seq_length(), 0

    def get_seq_length(self) -> int:
        """Return how many positions the current pass attends to."""
        return self._cache.layout.kv_length if self._cache.layout is not None else 0

    def get_max_cache_shape(self) -> int:
        """Return the number of positions of a row."""
        return self._length

    def _zeros(self, like: torch.Tensor) -> torch.Tensor:
        shape = (self._slots, like.shape[1], self._length + 1, like.shape[3])
        if like.device.type != "cpu":
            return torch.zeros(shape, dtype=like.dtype, device=like.device)
        # NumPy's zeros take memory only where something is written, unlike torch's.
        zeros = numpy.zeros(shape, f"i{like.element_size()}")
        return torch.from_numpy(zeros).view(like.dtype)
