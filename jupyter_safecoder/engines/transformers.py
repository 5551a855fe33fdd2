"""Hugging Face transformers on torch: for GPUs of all makers, and what others are checked by.

Its own ``generate`` keeps a batch together from begin to end. Here each request has a slot of one
static KV cache, so requests come and go between two steps, and what begins as an earlier prompt
did is not computed again. On CUDA and ROCm decoding is replayed as a graph.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from jupyter_safecoder.engines.hardware.cpu import available_bytes
from jupyter_safecoder.engines.slots.batching import PIECE, PromptChunk, SlotEngine
from jupyter_safecoder.errors import EngineError
from jupyter_safecoder.extras import INSTALL_CHECKPOINTS
from jupyter_safecoder.models import ModelDescription
from jupyter_safecoder.models.tokenizer import FileTokenizer

from .engine import EngineOptions

if TYPE_CHECKING:
    import torch

    from jupyter_safecoder.engines.slots.forward import BatchedForward

#: Positions of a slot: more than a prompt of ours takes. KV memory grows with it.
_SLOT_TOKENS = 8192
_PRECISIONS = {"fp32": "float32", "fp16": "float16", "bf16": "bfloat16"}


class TransformersEngine(SlotEngine):
    """A checkpoint in safetensors on torch."""

    name = "transformers"

    def __init__(self, model: ModelDescription, options: EngineOptions) -> None:
        self._model = model
        self._options = options
        self.device = options.device or "cpu"
        self._pass: BatchedForward

    def load(self) -> None:
        """Load the weights, and compute a token so that the first person need not wait for it."""
        try:
            import torch
            import transformers
        except ImportError as error:
            raise EngineError(
                "torch and transformers are not installed here: this is a thin installation.",
                f"Install them with: {INSTALL_CHECKPOINTS}.",
            ) from error
        quiet: Any = transformers.utils.logging
        quiet.set_verbosity_error()
        quiet.disable_progress_bar()
        self.tokenizer = FileTokenizer(self._model.tokenizer)
        self.device = device = self._choose_device()
        dtype = self._choose_dtype()
        try:
            self._open(self._read_network(dtype).to(device).eval())
        except (torch.OutOfMemoryError, MemoryError) as error:
            raise self._out_of_memory(dtype) from error
        except RuntimeError as error:
            # On a CPU torch has no class for it.
            if "allocate memory" not in str(error):
                raise
            raise self._out_of_memory(dtype) from error

    def compute(self, pieces: Sequence[PromptChunk]) -> list[list[int]]:
        """Compute pieces of different slots in one pass."""
        return self._pass.run(pieces)

    def _choose_device(self) -> str:
        import torch

        if not self._options.device:
            found = torch.accelerator.current_accelerator(check_available=True)
            return found.type if found is not None else "cpu"
        try:
            torch.empty(1, device=self._options.device)
        # Without CUDA torch fails at an assertion.
        except (RuntimeError, AssertionError, NotImplementedError) as error:
            raise EngineError(
                f"torch cannot compute on the device {self._options.device!r} here: "
                f"{_first_line(error)}",
                "Choose another device, or install the build of torch that is made for it.",
            ) from error
        return self._options.device

    def _choose_dtype(self) -> torch.dtype:
        import torch

        precision = self._options.precision or ("fp32" if self.device == "cpu" else "bf16")
        if precision not in _PRECISIONS:
            raise EngineError(
                f"The transformers engine does not compute in {precision}.",
                f"Choose one of {', '.join(_PRECISIONS)}, or the openvino engine for {precision}.",
            )
        dtype: torch.dtype = getattr(torch, _PRECISIONS[precision])
        return dtype

    def _read_network(self, dtype: torch.dtype) -> Any:
        from safetensors import SafetensorError
        from transformers import AutoModelForCausalLM

        loader: Any = AutoModelForCausalLM
        try:
            network, told = loader.from_pretrained(
                self._model.weights,
                use_safetensors=True,
                trust_remote_code=False,
                local_files_only=True,
                attn_implementation="sdpa",
                dtype=dtype,
                output_loading_info=True,
            )
        except (OSError, ValueError, KeyError, SafetensorError) as error:
            raise self._does_not_load(_first_line(error)) from error
        except RuntimeError as error:
            if "allocate memory" in str(error):
                raise
            raise self._does_not_load(_first_line(error)) from error
        # transformers only warns of these, and fills them with random numbers.
        missing = sorted(told["missing_keys"])
        if missing:
            raise self._does_not_load(
                f"{len(missing)} of its tensors are missing, among them {missing[0]}"
            )
        return network

    def _open(self, network: Any) -> None:
        from jupyter_safecoder.engines.slots.forward import (
            FULL,
            SLIDING,
            BatchedForward,
            capture_cuda_graph,
            layer_kinds,
        )

        strange = layer_kinds(network.config) - {FULL, SLIDING}
        if strange:
            raise EngineError(
                f"{self._model.name} has layers of a kind that the transformers engine does not "
                f"serve: {', '.join(sorted(strange))}.",
                "Serve it with the remote engine, or choose another model.",
            )
        window = min(self._model.context_window, _SLOT_TOKENS)
        slots, guesses = self._options.max_running, self._options.lookup_tokens
        graphs = self.device.partition(":")[0] == "cuda"
        self._pass = BatchedForward(
            network, slots, window, guesses, capture_cuda_graph if graphs else None
        )
        self.open_slots(slots, window, guesses)
        self.submit(0, [0] * min(PIECE + 1, window - 1), (), 2)
        while self.busy():
            self.step()

    def _does_not_load(self, why: str) -> EngineError:
        return EngineError(
            f"transformers could not load {self._model.name}: {why.rstrip('.')}.",
            "Check that the checkpoint is whole and of an architecture that transformers knows.",
        )

    def _out_of_memory(self, dtype: torch.dtype) -> EngineError:
        import torch

        if self.device.partition(":")[0] == "cuda":
            free = torch.cuda.mem_get_info(self.device)[0]
        else:
            free = available_bytes() or 0
        weights = self._model.weights_bytes / 1e9
        return EngineError(
            f"The memory of {self.device} does not suffice for {self._model.name}: its weights "
            f"take {weights:.1f} GB on disk, {free / 1e9:.1f} GB are free while it loads as "
            f"{dtype}, and the KV of {self._options.max_running} requests comes on top.",
            "Choose a smaller model or precision, fewer requests at once, or the openvino engine.",
        )


def _first_line(error: BaseException) -> str:
    return str(error).strip().partition("\n")[0][:200]
