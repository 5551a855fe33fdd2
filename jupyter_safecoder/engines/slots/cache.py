"""A KV cache of ``transformers`` with a row for each slot, each written at positions of its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy
import torch
from transformers.cache_utils import Cache, CacheLayerMixin


@dataclass
class BatchLayout:
    """Where the tokens of the next pass go, and what they see.

    Parameters
    ----------
    rows
        Slots, in the order of the batch, shape ``(batch,)``.
    positions
        Position of each token in its slot, shape ``(batch, tokens)``; ``length`` for padding.
    used
        The pass sees the positions before this one.
    contiguous
        The rows follow each other: they can be read without a copy.
    """

    rows: torch.Tensor
    positions: torch.Tensor
    used: int
    contiguous: slice | None


class SlotCache(Cache):
    """KV of all layers; memory is taken as soon as the first tokens come.

    Parameters
    ----------
    layers
        Layers of the model.
    slots
        Rows.
    length
        Positions of a row; one more takes the KV of padding, which nobody reads.
    """

    def __init__(self, layers: int, slots: int, length: int) -> None:
        self.place: BatchLayout | None = None
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
        """Take the memory: now type, device and shape are known, which values share with keys.

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
        """Store new keys and values; return all that the pass sees.

        Parameters
        ----------
        key_states, value_states
            Shape ``(batch, kv heads, tokens, head size)``.
        cache_kwargs
            What models pass to caches of other kinds.
        """
        if not self.is_initialized:
            self.lazy_initialization(key_states)
        place = self._cache.place
        assert place is not None
        assert self.keys is not None
        assert self.values is not None
        for all_states, states in ((self.keys, key_states), (self.values, value_states)):
            all_states[place.rows[:, None], :, place.positions] = states.transpose(1, 2)
        seen = self.keys[:, :, : place.used], self.values[:, :, : place.used]
        if place.contiguous is not None:
            return seen[0][place.contiguous], seen[1][place.contiguous]
        return seen[0][place.rows], seen[1][place.rows]

    def get_mask_sizes(self, query_length: Any) -> tuple[int, int]:
        """Return how many positions a mask covers, and from where.

        ``query_length`` is a number in transformers 5, a tensor of positions in transformers 4.
        """
        return self.get_seq_length(), 0

    def get_seq_length(self) -> int:
        """Return how many positions the present pass sees."""
        return self._cache.place.used if self._cache.place is not None else 0

    def get_max_cache_shape(self) -> int:
        """Return the positions of a slot."""
        return self._length

    def _zeros(self, like: torch.Tensor) -> torch.Tensor:
        shape = (self._slots, like.shape[1], self._length + 1, like.shape[3])
        if like.device.type != "cpu":
            return torch.zeros(shape, dtype=like.dtype, device=like.device)
        # NumPy's zeros take memory only where something is written, unlike torch's.
        zeros = numpy.zeros(shape, f"i{like.element_size()}")
        return torch.from_numpy(zeros).view(like.dtype)
