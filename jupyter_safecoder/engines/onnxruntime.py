"""ONNX Runtime on an export by Optimum: where ORT is what drives the accelerator.

The exported graph takes past KV as inputs and gives it back longer, so a slot keeps what the last
pass over it gave. Requests that decode at once go through the graph one after the other: past KV
of different lengths fits in one batch only as padded copies, made anew at each step.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jupyter_safecoder.engines.slots.batching import PIECE, PromptChunk, SlotEngine
from jupyter_safecoder.errors import EngineError
from jupyter_safecoder.extras import INSTALL_ONNXRUNTIME
from jupyter_safecoder.models import ModelDescription
from jupyter_safecoder.models.tokenizer import FileTokenizer

from .engine import EngineOptions

#: Positions of a slot: more than a prompt of ours takes.
_SLOT_TOKENS = 8192
_PAST, _PRESENT = "past_key_values.", "present."
_INPUTS = {"input_ids", "attention_mask", "position_ids"}
_TYPES = {"tensor(float)": "float32", "tensor(float16)": "float16"}


class OnnxRuntimeEngine(SlotEngine):
    """A prepared directory with the ``model.onnx`` of Optimum's ``text-generation-with-past``."""

    name = "onnxruntime"

    def __init__(self, model: ModelDescription, options: EngineOptions) -> None:
        self._model = model
        self._options = options
        self.device = options.device or "cpu"
        #: Of each slot the KV by the name of the input, and how many positions it covers.
        self._past: dict[int, dict[str, Any]] = {}
        self._length: dict[int, int] = {}

    def load(self) -> None:
        """Load the weights, and compute a token so that the first person need not wait for it."""
        try:
            import numpy
            import onnxruntime
        except ImportError as error:
            raise EngineError(
                "ONNX Runtime is not installed here.",
                f"Install it with: {INSTALL_ONNXRUNTIME}.",
            ) from error
        self._numpy, self._ort = numpy, onnxruntime
        self.tokenizer = FileTokenizer(self._model.tokenizer)
        graph = self._graph()
        self._session = self._open_session(graph)
        self._empty = {
            one.name: self._value(numpy.zeros((1, one.shape[1], 0, one.shape[3]), _TYPES[one.type]))
            for one in self._session.get_inputs()
            if one.name.startswith(_PAST)
        }
        self._inputs = {one.name for one in self._session.get_inputs()} & _INPUTS
        window = min(self._model.context_window, _SLOT_TOKENS)
        self.open_slots(self._options.max_running, window, self._options.lookup_tokens)
        self.submit(0, [0] * min(PIECE + 1, window - 1), (), 2)
        while self.busy():
            self.step()

    def compute(self, pieces: Sequence[PromptChunk]) -> list[list[int]]:
        """Compute pieces of different slots, one after the other."""
        return [self._compute(piece) for piece in pieces]

    def _compute(self, piece: PromptChunk) -> list[int]:
        end = piece.start + len(piece.ids)
        tokens = {
            "input_ids": piece.ids,
            "attention_mask": [1] * end,
            "position_ids": range(piece.start, end),
        }
        past = self._past_of(piece.slot, piece.start)
        binding = self._session.io_binding()
        for name in self._inputs:
            value = self._value(self._numpy.array([tokens[name]], self._numpy.int64))
            binding.bind_ortvalue_input(name, value)
        for name, value in past.items():
            binding.bind_ortvalue_input(name, value)
        outputs = [one.name for one in self._session.get_outputs()]
        for name in outputs:
            binding.bind_output(name, *(("cpu",) if name == "logits" else self._memory))
        self._session.run_with_iobinding(binding)
        given = dict(zip(outputs, binding.get_outputs(), strict=True))
        self._past[piece.slot] = {
            name: given[_PRESENT + name.removeprefix(_PAST)] for name in self._empty
        }
        self._length[piece.slot] = end
        if not piece.wanted:
            return []
        best: list[int] = given["logits"].numpy()[0, -piece.wanted :].argmax(-1).tolist()
        return best

    def _past_of(self, slot: int, start: int) -> dict[str, Any]:
        """Return a slot's KV of the positions before ``start``; the rest of it is void."""
        if start == 0:
            return self._empty
        if self._length[slot] == start:
            return self._past[slot]
        return {
            name: self._value(self._numpy.ascontiguousarray(value.numpy()[:, :, :start]))
            for name, value in self._past[slot].items()
        }

    def _value(self, array: Any) -> Any:
        return self._ort.OrtValue.ortvalue_from_numpy(array, *self._memory)

    @property
    def _memory(self) -> tuple[str, int]:
        """Where the KV lies: ORT's other accelerators take it from the CPU's memory."""
        return ("cuda", 0) if self.device == "cuda" else ("cpu", 0)

    def _graph(self) -> Path:
        prepared = self._options.prepared
        if prepared is None:
            raise EngineError(
                f"{self._model.name} is not prepared for ONNX Runtime.",
                f"Prepare it with: jupyter safecoder model prepare {self._model.name} "
                "--engine onnxruntime.",
            )
        graph = prepared / "model.onnx"
        if not graph.is_file():
            raise EngineError(
                f"{prepared} has no model.onnx.",
                "Prepare the model for ONNX Runtime again.",
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
                "Runtime that is made for it.",
            )
        options = self._ort.SessionOptions()
        options.log_severity_level = 4
        try:
            session = self._ort.InferenceSession(
                str(graph), options, providers=[providers[self.device]]
            )
        # ORT's errors share no class but Exception.
        except Exception as error:
            raise EngineError(
                f"ONNX Runtime could not load {self._model.name}: {_first_line(error)}",
                "Prepare the model again, and check the free memory.",
            ) from error
        strange = [
            one.name
            for one in session.get_inputs()
            if one.name not in _INPUTS and not (one.name.startswith(_PAST) and one.type in _TYPES)
        ]
        if strange or not any(one.name.startswith(_PAST) for one in session.get_inputs()):
            raise EngineError(
                f"{graph} is no decoder with past KV that this engine knows"
                + (f" (it asks for {strange[0]})." if strange else "."),
                "Prepare the model again.",
            )
        return session


def _first_line(error: BaseException) -> str:
    return str(error).strip().partition("\n")[0][:200]
