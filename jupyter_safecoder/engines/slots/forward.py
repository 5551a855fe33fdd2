"""One pass of a ``transformers`` model over tokens of several slots."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch

from .batching import SHORT, PromptChunk
from .cache import BatchLayout, SlotCache

#: Takes a computation whose inputs and output stay where they are; returns its replay.
Capture = Callable[[Callable[[], torch.Tensor]], Callable[[], torch.Tensor]]

#: Graphs see this many positions at least, and a power of two times it: few graphs, and what is
#: read for nothing is at most what is needed.
_LEAST_USED = 512

FULL, SLIDING = "full_attention", "sliding_attention"


class BatchedForward:
    """Computes pieces of slots, and keeps their KV.

    Parameters
    ----------
    network
        A causal language model, on its device.
    slots, window
        Rows of the KV cache and their positions.
    guesses
        Most tokens that are added to a token to be verified.
    capture
        Records a pass of a fixed shape, to be replayed; ``None``: each pass is computed eagerly,
        over no more rows and positions than it needs.
    """

    def __init__(
        self, network: Any, slots: int, window: int, guesses: int, capture: Capture | None
    ) -> None:
        self._network = network
        self._body = network.base_model
        self._head = network.get_output_embeddings()
        self._device = network.device
        self._slots, self._window = slots, window
        self._cache = SlotCache(network.config.num_hidden_layers, slots, window)
        self._sliding: int | None = getattr(network.config, "sliding_window", None)
        self._kinds = layer_kinds(network.config)
        self._widths = sorted({1, max(SHORT, 1 + guesses)})
        self._capture = capture
        self._recorded: dict[tuple[int, int], _Recorded] = {}

    @torch.inference_mode()
    def run(self, pieces: Sequence[PromptChunk]) -> list[list[int]]:
        """Return the next tokens that each piece asks for."""
        width = max(len(piece.ids) for piece in pieces)
        if self._capture is None or width > self._widths[-1]:
            return self._eager(pieces, width)
        return self._replayed(
            pieces, next(w for w in self._widths if w >= width), _round_up(_used(pieces))
        )

    def _eager(self, pieces: Sequence[PromptChunk], width: int) -> list[list[int]]:
        rows = [piece.slot for piece in pieces]
        ids, positions = self._tensors(pieces, width)
        first = rows[0]
        run = rows == list(range(first, first + len(rows)))
        place = BatchLayout(
            torch.tensor(rows, device=self._device),
            positions,
            _used(pieces),
            slice(first, first + len(rows)) if run else None,
        )
        hidden = self._hidden(ids, place)
        asked = [
            (row, column)
            for row, piece in enumerate(pieces)
            for column in range(len(piece.ids) - piece.wanted, len(piece.ids))
        ]
        if not asked:
            return [[] for _ in pieces]
        at = torch.tensor(asked, device=self._device)
        # Blind to the last scaling that some architectures add: it keeps the order.
        best = iter(self._head(hidden[at[:, 0], at[:, 1]]).argmax(-1).tolist())
        return [[next(best) for _ in range(piece.wanted)] for piece in pieces]

    def _replayed(self, pieces: Sequence[PromptChunk], width: int, used: int) -> list[list[int]]:
        shape = width, min(used, self._window)
        recorded = self._recorded.get(shape) or self._record(*shape)
        # Slots without a piece compute padding.
        of_slot = {piece.slot: piece for piece in pieces}
        rows = [of_slot.get(slot, PromptChunk(slot, 0, [], 0)) for slot in range(self._slots)]
        ids, positions = self._tensors(rows, width)
        recorded.ids.copy_(ids)
        recorded.positions.copy_(positions)
        best = recorded.replay().tolist()
        return [
            best[piece.slot][len(piece.ids) - piece.wanted : len(piece.ids)] for piece in pieces
        ]

    def _record(self, width: int, used: int) -> _Recorded:
        assert self._capture is not None
        ids, positions = self._tensors([PromptChunk(0, 0, [], 0)] * self._slots, width)
        rows = torch.arange(self._slots, device=self._device)
        place = BatchLayout(rows, positions, used, slice(0, self._slots))
        replay = self._capture(lambda: self._head(self._hidden(ids, place)).argmax(-1))
        recorded = self._recorded[width, used] = _Recorded(ids, positions, replay)
        return recorded

    def _tensors(
        self, rows: Sequence[PromptChunk], width: int
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return ids and positions, padded; shape ``(rows, width)``."""
        ids, positions = [], []
        for piece in rows:
            padding = width - len(piece.ids)
            ids.append(piece.ids + [0] * padding)
            positions.append(
                [*range(piece.start, piece.start + len(piece.ids)), *[self._window] * padding]
            )
        return torch.tensor(ids, device=self._device), torch.tensor(positions, device=self._device)

    def _hidden(self, ids: torch.Tensor, place: BatchLayout) -> torch.Tensor:
        self._cache.place = place
        output = self._body(
            input_ids=ids,
            attention_mask=self._masks(place),
            # Learned positions end with the window; padding lies behind it.
            position_ids=place.positions.clamp(max=self._window - 1),
            cache_position=torch.arange(ids.shape[1], device=self._device),
            past_key_values=self._cache,
            use_cache=True,
        )
        hidden: torch.Tensor = output.last_hidden_state
        return hidden

    def _masks(self, place: BatchLayout) -> torch.Tensor | dict[str, torch.Tensor]:
        """Return what each token may see, shape ``(batch, 1, tokens, used)``; by kind if mixed."""
        seen = torch.arange(place.used, device=self._device)
        position = place.positions[:, None, :, None]
        masks = {FULL: seen <= position}
        if SLIDING in self._kinds:
            assert self._sliding is not None
            masks[SLIDING] = masks[FULL] & (seen > position - self._sliding)
        if len(self._kinds) > 1:
            return masks
        (kind,) = self._kinds
        return masks[kind]


class _Recorded:
    def __init__(
        self, ids: torch.Tensor, positions: torch.Tensor, replay: Callable[[], torch.Tensor]
    ) -> None:
        self.ids, self.positions, self.replay = ids, positions, replay


def layer_kinds(config: Any) -> set[str]:
    """Return the kinds of attention that a model's layers have."""
    if getattr(config, "layer_types", None):
        return set(config.layer_types)
    return {SLIDING if getattr(config, "sliding_window", None) else FULL}


def capture_cuda_graph(run: Callable[[], torch.Tensor]) -> Callable[[], torch.Tensor]:
    """Record a pass as a CUDA graph, on ROCm a HIP graph: its kernels do not wait for Python."""
    # Libraries allocate at their first calls, which must not be recorded.
    stream = torch.cuda.Stream()  # type: ignore[no-untyped-call]
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        run()
        run()
    torch.cuda.current_stream().wait_stream(stream)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        output = run()

    def replay() -> torch.Tensor:
        graph.replay()
        return output

    return replay


def _used(pieces: Sequence[PromptChunk]) -> int:
    return max(piece.start + len(piece.ids) for piece in pieces)


def _round_up(used: int) -> int:
    rounded = _LEAST_USED
    while rounded < used:
        rounded *= 2
    return rounded
