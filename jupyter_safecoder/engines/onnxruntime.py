"""ONNX Runtime on an export by Optimum, for accelerators that ONNX Runtime drives.

The exported graph takes past keys and values as inputs and returns longer ones, so a slot keeps
what its last pass returned. Requests that decode at once go through the graph one after the other:
past KV of different lengths would fit in one batch only as padded copies, made in each step.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jupyter_safecoder.engines.hardware.cpu import granted_threads
from jupyter_safecoder.engines.slots.batching import (
    PREFILL_CHUNK,
    ContinuousBatchingEngine,
    Prediction,
    PromptChunk,
)
from jupyter_safecoder.errors import EngineError, first_line
from jupyter_safecoder.extras import INSTALL_ONNXRUNTIME
from jupyter_safecoder.models import ModelDescription
from jupyter_safecoder.models.tokenizer import FileTokenizer

from .engine import EngineOptions
from .warm_up import warm_up

#: Positions of a slot: more than any of our prompts has.
_SLOT_TOKENS = 8192
#: Prefixes of the names of the graph's KV inputs and outputs.
_PAST, _PRESENT = "past_key_values.", "present."
#: The graph's other inputs that this engine provides.
_INPUTS = {"input_ids", "attention_mask", "position_ids"}
#: ONNX types of KV inputs to NumPy types.
_TYPES = {"tensor(float)": "float32", "tensor(float16)": "float16"}


class OnnxRuntimeEngine(ContinuousBatchingEngine):
    """Runs a directory with the ``model.onnx`` of Optimum's ``text-generation-with-past``.

    Parameters
    ----------
    model
        The checkpoint that was exported.
    options
        How to run it; ``weights`` is the directory.
    """

    name = "onnxruntime"

    def __init__(self, model: ModelDescription, options: EngineOptions) -> None:
        self._description = model
        self._options = options
        self.device = options.device or "cpu"
        #: For each slot its KV by the name of the input, and how many positions that covers.
        self._past: dict[int, dict[str, Any]] = {}
        self._past_length: dict[int, int] = {}

    def load(self) -> None:
        """Load the weights and warm up."""
        try:
            import numpy
            import onnxruntime
        except ImportError as error:
            raise EngineError(
                "ONNX Runtime is not installed here.",
                f"Install it with: {INSTALL_ONNXRUNTIME}.",
            ) from error
        self._numpy, self._ort = numpy, onnxruntime
        self.tokenizer = FileTokenizer(self._description.tokenizer)
        graph = self._find_graph()
        self._session = self._open_session(graph)
        self._empty_past = {
            node.name: self._value(
                numpy.zeros((1, node.shape[1], 0, node.shape[3]), _TYPES[node.type])
            )
            for node in self._session.get_inputs()
            if node.name.startswith(_PAST)
        }
        self._inputs = {node.name for node in self._session.get_inputs()} & _INPUTS
        window = min(self._description.context_window, _SLOT_TOKENS)
        self.open_slots(self._options.max_running, window, self._options.lookup_tokens)
        warm_up(self, min(PREFILL_CHUNK + 1, window - 1))

    def compute(self, chunks: Sequence[PromptChunk]) -> list[list[Prediction]]:
        """Compute chunks of different slots, one after the other."""
        return [self._compute_chunk(chunk) for chunk in chunks]

    def _compute_chunk(self, chunk: PromptChunk) -> list[Prediction]:
        end = chunk.start + len(chunk.ids)
        tokens = {
            "input_ids": chunk.ids,
            "attention_mask": [1] * end,
            "position_ids": range(chunk.start, end),
        }
        binding = self._session.io_binding()
        for name in self._inputs:
            value = self._value(self._numpy.array([tokens[name]], self._numpy.int64))
            binding.bind_ortvalue_input(name, value)
        for name, value in self._past_before(chunk.slot, chunk.start).items():
            binding.bind_ortvalue_input(name, value)
        names = [node.name for node in self._session.get_outputs()]
        for name in names:
            binding.bind_output(name, *(("cpu",) if name == "logits" else self._memory))
        self._session.run_with_iobinding(binding)
        outputs = dict(zip(names, binding.get_outputs(), strict=True))
        self._past[chunk.slot] = {
            name: outputs[_PRESENT + name.removeprefix(_PAST)] for name in self._empty_past
        }
        self._past_length[chunk.slot] = end
        if not chunk.num_outputs:
            return []
        logits = outputs["logits"].numpy()[0, -chunk.num_outputs :]
        largest = logits.max(-1, keepdims=True).astype(self._numpy.float32)
        logprobs = -self._numpy.log(self._numpy.exp(logits - largest).sum(-1))
        return [*map(Prediction, logits.argmax(-1).tolist(), logprobs.tolist())]

    def _past_before(self, slot: int, start: int) -> dict[str, Any]:
        """Return the KV of a slot's positions before ``start``; the rest of it is invalid."""
        if start == 0:
            return self._empty_past
        if self._past_length[slot] == start:
            return self._past[slot]
        return {
            name: self._value(self._numpy.ascontiguousarray(value.numpy()[:, :, :start]))
            for name, value in self._past[slot].items()
        }

    def _value(self, array: Any) -> Any:
        return self._ort.OrtValue.ortvalue_from_numpy(array, *self._memory)

    @property
    def _memory(self) -> tuple[str, int]:
        """Device of the KV: execution providers other than CUDA take it from the CPU's memory."""
        return ("cuda", 0) if self.device == "cuda" else ("cpu", 0)

    def _find_graph(self) -> Path:
        directory = self._options.weights
        if directory is None:
            raise EngineError(
                f"{self._description.name} is not converted for ONNX Runtime.",
                f"Convert it with: jupyter safecoder model prepare {self._description.name} "
                "--engine onnxruntime.",
            )
        graph = directory / "model.onnx"
        if not graph.is_file():
            raise EngineError(
                f"{directory} has no model.onnx.",
                "Convert the model for ONNX Runtime again.",
            )
        return graph

    def _open_session(self, graph: Path) -> Any:
        providers = {
            name.removesuffix("ExecutionProvider").lower(): name
            for name in self._ort.get_available_providers()
        }
        if self.device not in providers:
            raise EngineError(
                f"This ONNX Runtime has no device {self.device!r}.",
                f"Choose one of {', '.join(sorted(providers))}, or install the build of ONNX "
                "Runtime for that device.",
            )
        options = self._ort.SessionOptions()
        options.log_severity_level = 4
        if (threads := granted_threads()) is not None:
            options.intra_op_num_threads = threads
        try:
            session = self._ort.InferenceSession(
                str(graph), options, providers=[providers[self.device]]
            )
        # The errors of ONNX Runtime have no common base but Exception.
        except Exception as error:
            raise EngineError(
                f"ONNX Runtime could not load {self._description.name}: {first_line(error)}",
                "Convert the model again, and check the free memory.",
            ) from error
        unknown = [
            node.name
            for node in session.get_inputs()
            if node.name not in _INPUTS
            and not (node.name.startswith(_PAST) and node.type in _TYPES)
        ]
        if unknown or not any(node.name.startswith(_PAST) for node in session.get_inputs()):
            raise EngineError(
                f"{graph} is not a decoder with past KV that this engine knows"
                + (f" (it has an input {unknown[0]})." if unknown else "."),
                "Convert the model again.",
            )
        return session
