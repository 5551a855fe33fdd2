"""Hugging Face transformers on torch: for GPUs of all vendors, and the reference for exactness.

``generate`` of transformers keeps a batch together from start to end. Here each request has a slot
of one static KV cache, so requests start and end between two steps, and a prefix that an earlier
prompt had is not computed again. On CUDA and ROCm decoding replays a graph.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from jupyter_safecoder.engines.hardware.cpu import available_bytes
from jupyter_safecoder.engines.hardware.torch_threads import limit_torch_threads
from jupyter_safecoder.engines.slots.batching import (
    PREFILL_CHUNK,
    ContinuousBatchingEngine,
    Prediction,
    PromptChunk,
)
from jupyter_safecoder.errors import EngineError, first_line
from jupyter_safecoder.extras import INSTALL_CHECKPOINTS
from jupyter_safecoder.models import ModelDescription, format_gb
from jupyter_safecoder.models.tokenizer import FileTokenizer

from .engine import EngineOptions
from .warm_up import warm_up

if TYPE_CHECKING:
    import torch

    from jupyter_safecoder.engines.slots.forward import BatchedForward

#: Positions of a slot: more than any of our prompts has. KV memory grows with it.
_SLOT_TOKENS = 8192
#: Precisions to names of torch dtypes.
_DTYPES = {"fp32": "float32", "fp16": "float16", "bf16": "bfloat16"}


class TransformersEngine(ContinuousBatchingEngine):
    """Runs a checkpoint in safetensors on torch.

    Parameters
    ----------
    model
        The checkpoint.
    options
        How to run it.
    """

    name = "transformers"

    def __init__(self, model: ModelDescription, options: EngineOptions) -> None:
        self._description = model
        self._options = options
        self.device = options.device or "cpu"
        self._forward: BatchedForward

    def load(self) -> None:
        """Load the weights and warm up."""
        try:
            import torch
            import transformers
        except ImportError as error:
            raise EngineError(
                "torch and transformers are not installed.",
                f"Install them with: {INSTALL_CHECKPOINTS}.",
            ) from error
        library_logging: Any = transformers.utils.logging
        library_logging.set_verbosity_error()
        library_logging.disable_progress_bar()
        limit_torch_threads()
        self.tokenizer = FileTokenizer(self._description.tokenizer)
        self.device = device = self._choose_device()
        dtype = self._choose_dtype()
        try:
            self._start(self._load_model(dtype).to(device).eval())
        except (torch.OutOfMemoryError, MemoryError) as error:
            raise self._out_of_memory(dtype) from error
        except RuntimeError as error:
            # On a CPU torch has no class of its own for this error.
            if "allocate memory" not in str(error):
                raise
            raise self._out_of_memory(dtype) from error

    def compute(self, chunks: Sequence[PromptChunk]) -> list[list[Prediction]]:
        """Compute chunks of different slots in one pass."""
        return self._forward.run(chunks)

    def _choose_device(self) -> str:
        import torch

        if not self._options.device:
            found = torch.accelerator.current_accelerator(check_available=True)
            return found.type if found is not None else "cpu"
        try:
            torch.empty(1, device=self._options.device)
        # Without CUDA torch fails with an assertion.
        except (RuntimeError, AssertionError, NotImplementedError) as error:
            raise EngineError(
                f"torch cannot compute on the device {self._options.device!r} here: "
                f"{first_line(error)}",
                "Choose another device, or install the build of torch for that device.",
            ) from error
        return self._options.device

    def _choose_dtype(self) -> torch.dtype:
        import torch

        precision = self._options.precision or ("fp32" if self.device == "cpu" else "bf16")
        if precision not in _DTYPES:
            raise EngineError(
                f"The transformers engine does not compute in {precision}.",
                f"Choose one of {', '.join(_DTYPES)}, or the openvino engine for {precision}.",
            )
        dtype: torch.dtype = getattr(torch, _DTYPES[precision])
        return dtype

    def _load_model(self, dtype: torch.dtype) -> Any:
        from safetensors import SafetensorError
        from transformers import AutoModelForCausalLM

        loader: Any = AutoModelForCausalLM
        try:
            model, loading_info = loader.from_pretrained(
                self._description.weights,
                use_safetensors=True,
                trust_remote_code=False,
                local_files_only=True,
                attn_implementation="sdpa",
                dtype=dtype,
                output_loading_info=True,
            )
        except (OSError, ValueError, KeyError, SafetensorError) as error:
            raise self._load_error(first_line(error)) from error
        except RuntimeError as error:
            if "allocate memory" in str(error):
                raise
            raise self._load_error(first_line(error)) from error
        # transformers only warns of missing tensors, and initializes them randomly.
        missing = sorted(loading_info["missing_keys"])
        if missing:
            raise self._load_error(
                f"{len(missing)} of its tensors are missing, among them {missing[0]}"
            )
        return model

    def _start(self, model: Any) -> None:
        """Allocate the slots of a loaded model and warm up."""
        from jupyter_safecoder.engines.slots.forward import (
            FULL_ATTENTION,
            SLIDING_ATTENTION,
            BatchedForward,
            attention_types,
            capture_cuda_graph,
        )

        unknown = attention_types(model.config) - {FULL_ATTENTION, SLIDING_ATTENTION}
        if unknown:
            raise EngineError(
                f"{self._description.name} has layers of a type that the transformers engine does "
                f"not support: {', '.join(sorted(unknown))}.",
                "Serve it with the remote engine, or choose another model.",
            )
        window = min(self._description.context_window, _SLOT_TOKENS)
        slots, lookup_tokens = self._options.max_running, self._options.lookup_tokens
        use_graphs = self.device.partition(":")[0] == "cuda"
        self._forward = BatchedForward(
            model, slots, window, lookup_tokens, capture_cuda_graph if use_graphs else None
        )
        self.open_slots(slots, window, lookup_tokens)
        warm_up(self, min(PREFILL_CHUNK + 1, window - 1))

    def _load_error(self, reason: str) -> EngineError:
        return EngineError(
            f"transformers could not load {self._description.name}: {reason.rstrip('.')}.",
            "Check that the checkpoint is complete and of an architecture that transformers knows.",
        )

    def _out_of_memory(self, dtype: torch.dtype) -> EngineError:
        import torch

        if self.device.partition(":")[0] == "cuda":
            free = torch.cuda.mem_get_info(self.device)[0]
        else:
            free = available_bytes() or 0
        return EngineError(
            f"The memory of {self.device} is too small for {self._description.name}: its weights "
            f"take {format_gb(self._description.weights_bytes)} on disk, {format_gb(free)} are "
            f"free while it loads as {dtype}, and it needs memory for the KV of "
            f"{self._options.max_running} requests as well.",
            "Choose a smaller model or precision, fewer requests at once, or the openvino engine.",
        )
