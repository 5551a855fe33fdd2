"""Forward passes of a ``transformers`` model over tokens of several slots at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from .batching import BATCHED_CHUNK, Prediction, PromptChunk
from .cache import BatchLayout, SlotCache

#: Records a computation whose inputs and output stay in the same memory, and returns its replay.
GraphCapture = Callable[[Callable[[], torch.Tensor]], Callable[[], torch.Tensor]]

#: A graph attends to this many positions, or a power of two times it: there are few graphs, and at
#: most half of what is read is read in vain.
_MIN_GRAPH_LENGTH = 512

#: Attention types of a layer, as ``layer_types`` in ``config.json`` names them.
FULL_ATTENTION, SLIDING_ATTENTION = "full_attention", "sliding_attention"


@dataclass(frozen=True)
class _Graph:
    """A recorded pass: its inputs, which a replay reads, and the replay."""

    ids: torch.Tensor
    positions: torch.Tensor
    replay: Callable[[], torch.Tensor]


class BatchedForward:
    """Computes chunks of slots, and keeps their KV.

    Parameters
    ----------
    model
        A causal language model on its device.
    slots, window
        Number of rows of the KV cache, and positions of each.
    lookup_tokens
        Maximum number of proposed tokens that are verified with a token.
    capture
        Records a pass of a fixed shape for replay. ``None``: each pass is computed eagerly, over no
        more rows and positions than it needs.
    """

    def __init__(
        self, model: Any, slots: int, window: int, lookup_tokens: int, capture: GraphCapture | None
    ) -> None:
        self._base_model = model.base_model
        self._lm_head = model.get_output_embeddings()
        self._logit_scale = _logit_scale(model.config)
        self._device = model.device
        self._slots, self._window = slots, window
        self._cache = SlotCache(model.config.num_hidden_layers, slots, window)
        self._sliding_window: int | None = getattr(model.config, "sliding_window", None)
        self._attention_types = attention_types(model.config)
        self._graph_widths = sorted({1, max(BATCHED_CHUNK, 1 + lookup_tokens)})
        self._capture = capture
        self._graphs: dict[tuple[int, int], _Graph] = {}

    @torch.inference_mode()
    def run(self, chunks: Sequence[PromptChunk]) -> list[list[Prediction]]:
        """Return the next tokens that each chunk asks for, see ``PromptChunk.num_outputs``."""
        width = max(len(chunk.ids) for chunk in chunks)
        if self._capture is None or width > self._graph_widths[-1]:
            return self._run_eager(chunks, width)
        width = next(w for w in self._graph_widths if w >= width)
        return self._run_graph(chunks, width, _graph_length(_kv_length(chunks)))

    def _run_eager(self, chunks: Sequence[PromptChunk], width: int) -> list[list[Prediction]]:
        rows = [chunk.slot for chunk in chunks]
        ids, positions = self._tensors(chunks, width)
        first, count = rows[0], len(rows)
        layout = BatchLayout(
            torch.tensor(rows, device=self._device),
            positions,
            _kv_length(chunks),
            slice(first, first + count) if rows == [*range(first, first + count)] else None,
        )
        hidden = self._hidden_states(ids, layout)
        outputs = [
            (row, column)
            for row, chunk in enumerate(chunks)
            for column in range(len(chunk.ids) - chunk.num_outputs, len(chunk.ids))
        ]
        if not outputs:
            return [[] for _ in chunks]
        index = torch.tensor(outputs, device=self._device)
        next_tokens = iter(_predictions(self._predict(hidden[index[:, 0], index[:, 1]])))
        return [[next(next_tokens) for _ in range(chunk.num_outputs)] for chunk in chunks]

    def _run_graph(
        self, chunks: Sequence[PromptChunk], width: int, kv_length: int
    ) -> list[list[Prediction]]:
        shape = width, min(kv_length, self._window)
        graph = self._graphs.get(shape) or self._record_graph(*shape)
        # Slots without a chunk compute padding.
        by_slot = {chunk.slot: chunk for chunk in chunks}
        rows = [by_slot.get(slot, PromptChunk(slot, 0, [], 0)) for slot in range(self._slots)]
        ids, positions = self._tensors(rows, width)
        graph.ids.copy_(ids)
        graph.positions.copy_(positions)
        predicted = graph.replay().cpu()
        return [
            _predictions(predicted[chunk.slot, len(chunk.ids) - chunk.num_outputs : len(chunk.ids)])
            for chunk in chunks
        ]

    def _record_graph(self, width: int, kv_length: int) -> _Graph:
        assert self._capture is not None
        ids, positions = self._tensors([PromptChunk(0, 0, [], 0)] * self._slots, width)
        rows = torch.arange(self._slots, device=self._device)
        layout = BatchLayout(rows, positions, kv_length, slice(0, self._slots))
        replay = self._capture(lambda: self._predict(self._hidden_states(ids, layout)))
        graph = self._graphs[width, kv_length] = _Graph(ids, positions, replay)
        return graph

    def _tensors(
        self, chunks: Sequence[PromptChunk], width: int
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return padded ids and positions, each of shape ``(chunks, width)``."""
        ids, positions = [], []
        for chunk in chunks:
            padding = width - len(chunk.ids)
            ids.append(chunk.ids + [0] * padding)
            positions.append(
                [*range(chunk.start, chunk.start + len(chunk.ids)), *[self._window] * padding]
            )
        return torch.tensor(ids, device=self._device), torch.tensor(positions, device=self._device)

    def _hidden_states(self, ids: torch.Tensor, layout: BatchLayout) -> torch.Tensor:
        self._cache.layout = layout
        output = self._base_model(
            input_ids=ids,
            attention_mask=self._masks(layout),
            # Learned position embeddings have no entry for padding, which is after the window.
            position_ids=layout.positions.clamp(max=self._window - 1),
            cache_position=torch.arange(ids.shape[1], device=self._device),
            past_key_values=self._cache,
            use_cache=True,
        )
        hidden: torch.Tensor = output.last_hidden_state
        return hidden

    def _predict(self, hidden: torch.Tensor) -> torch.Tensor:
        """Return the most probable token and its log-probability, shape ``(…, 2)``, in float32.

        Integers up to 2**24 are exact in float32: no vocabulary is larger.
        """
        logits = self._lm_head(hidden)
        ids = logits.argmax(-1, keepdim=True)
        logprobs = (logits.float() * self._logit_scale).log_softmax(-1).gather(-1, ids)
        return torch.cat((ids.float(), logprobs), -1)

    def _masks(self, layout: BatchLayout) -> torch.Tensor | dict[str, torch.Tensor]:
        """Return the attention mask, shape ``(batch, 1, tokens, kv_length)``; by type if mixed."""
        key_positions = torch.arange(layout.kv_length, device=self._device)
        positions = layout.positions[:, None, :, None]
        masks = {FULL_ATTENTION: key_positions <= positions}
        if SLIDING_ATTENTION in self._attention_types:
            assert self._sliding_window is not None
            in_window = key_positions > positions - self._sliding_window
            masks[SLIDING_ATTENTION] = masks[FULL_ATTENTION] & in_window
        if len(self._attention_types) > 1:
            return masks
        (attention_type,) = self._attention_types
        return masks[attention_type]


def attention_types(config: Any) -> set[str]:
    """Return the types of attention that the layers of a model have."""
    if getattr(config, "layer_types", None):
        return set(config.layer_types)
    return {SLIDING_ATTENTION if getattr(config, "sliding_window", None) else FULL_ATTENTION}


def _logit_scale(config: Any) -> float:
    """Return the factor of the logits: Granite divides by its value, Cohere multiplies."""
    scale: float = getattr(config, "logit_scale", None) or 1.0
    return scale / (getattr(config, "logits_scaling", None) or 1.0)


def _predictions(rows: torch.Tensor) -> list[Prediction]:
    """Return the predictions in a tensor of shape ``(tokens, 2)``."""
    return [Prediction(int(token), logprob) for token, logprob in rows.tolist()]


def capture_cuda_graph(run: Callable[[], torch.Tensor]) -> Callable[[], torch.Tensor]:
    """Record a pass as a CUDA graph (on ROCm a HIP graph), whose kernels do not wait for Python."""
    # Libraries allocate memory in their first calls, which must not be recorded.
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


def _kv_length(chunks: Sequence[PromptChunk]) -> int:
    return max(chunk.start + len(chunk.ids) for chunk in chunks)


def _graph_length(kv_length: int) -> int:
    length = _MIN_GRAPH_LENGTH
    while length < kv_length:
        length *= 2
    return length
