"""OpenVINO GenAI's continuous batching: paged KV cache, prefix caching, cancelling.

Its plain ``LLMPipeline`` computes the whole prompt anew at each request; only the continuous
batching scheduler reuses the KV blocks (32 tokens each) of a prompt that begins the same.

Guessing ahead, by prompt lookup or a draft model, changes no token: a guess is kept only where it
is what the model itself would have said.
"""

from __future__ import annotations

import itertools
from collections.abc import Collection, Sequence
from typing import Any

from jupyter_safecoder.engines.hardware.cpu import available_bytes
from jupyter_safecoder.errors import EngineError
from jupyter_safecoder.extras import INSTALL_LOCAL
from jupyter_safecoder.models import ModelDescription, kv_values
from jupyter_safecoder.models.tokenizer import FileTokenizer

from .chunked_prefill import PendingPrefill, PrefixCacheMirror, schedule_prefill
from .engine import EngineOptions, EngineOutput

#: 32,768 tokens, some fifteen people's prompts; up to 760 MB for the embedded model.
_KV_BLOCKS = 1024
#: The share of the free memory that KV may take where that is less.
_KV_SHARE = 0.25
#: Bytes of a KV value: two, unless every figure is in full.
_KV_BYTES, _KV_BYTES_EXACT = 2.0, 4.0
_BLOCK_TOKENS = 32
#: Activations are quantized in groups: of 32 like the weights of a Q8_0, of 64 like our int4 ones,
#: of 128 where weights have one scale for a channel. Larger groups than the weights' do nothing.
_GROUPS = {"": "32", "int4": "64", "int8": "128"}
#: What is not quantized. Left to itself OpenVINO takes bf16 where the processor has it, and then
#: computes a token of a 1B int8 model in 74 ms instead of 52 on AMX, whose tiles one row of
#: activations does not fill; a prompt takes 2.9 s instead of 2.2. The embedded GGUF gains a fifth
#: for each token and loses more than half again of a prompt: it is left to itself.
_FULL = {"INFERENCE_PRECISION_HINT": "f32"}
#: OpenVINO's own choice of 8 bits with scales is half as large, but unpacking it takes a sixth of
#: the time of eight people's tokens, and a tenth of a prompt's.
_KV = {"KV_CACHE_PRECISION": "f16"}
#: Every figure in full: what the other engines are compared with. A token's sums then depend on
#: what is computed beside it, others' tokens or guesses, only in their last bit; with quantized
#: activations or KV a third of the answers differ. A prompt takes half as long again.
_EXACT = {
    "DYNAMIC_QUANTIZATION_GROUP_SIZE": "0",
    **_FULL,
    "KV_CACHE_PRECISION": "f32",
}
#: A step holds Python's lock while it computes, so it computes so many tokens of prompts at most:
#: between two of them the runtime can answer, cancel and admit.
_TOKENS_PER_STEP = 256
#: Tokens that must repeat before prompt lookup guesses what follows them.
_LOOKUP_NGRAM = 3
_DRAFT_TOKENS = 4


class OpenVinoEngine:
    """A prepared checkpoint, or a llama-family GGUF, on OpenVINO GenAI."""

    name = "openvino"

    def __init__(self, model: ModelDescription, options: EngineOptions) -> None:
        self._model = model
        self._weights = options.prepared or model.weights
        self._options = options
        self.device = options.device or "CPU"
        self._pipeline: Any = None
        self._waiting: dict[int, PendingPrefill] = {}
        self._pieces: dict[int, tuple[Any, int]] = {}
        self._handles: dict[int, Any] = {}
        self._stop_ids: dict[int, Collection[int]] = {}
        self._refused: list[int] = []
        self._added = itertools.count()
        self._piece_before = False
        self._unfreed = False

    def load(self) -> None:
        """Load the weights, and compute a token so that the first person need not wait for it."""
        try:
            import numpy
            import openvino
            import openvino_genai
        except ImportError as error:
            raise EngineError(
                "OpenVINO GenAI is not installed here: this is a thin installation.",
                f"Install the runtime with: {INSTALL_LOCAL}.",
            ) from error
        self._numpy, self._openvino, self._genai = numpy, openvino, openvino_genai
        self.tokenizer = FileTokenizer(self._model.tokenizer)
        scheduler = openvino_genai.SchedulerConfig()
        scheduler.enable_prefix_caching = True
        scheduler.num_kv_blocks = self._blocks = _blocks(self._model, exact=self._exact)
        if self._guesses:
            scheduler.max_num_batched_tokens = _TOKENS_PER_STEP
            self._tokens = self._model.context_window
        else:
            # Prompts in steps of their own, which hold what is given to the pipeline for them.
            scheduler.dynamic_split_fuse = False
            scheduler.max_num_batched_tokens = max(
                self._model.context_window, scheduler.max_num_seqs
            )
            self._tokens = _TOKENS_PER_STEP
        self._cached = PrefixCacheMirror(self._blocks, _BLOCK_TOKENS)
        try:
            self._pipeline = openvino_genai.ContinuousBatchingPipeline(
                str(self._weights), scheduler, self.device, self._properties()
            )
        except (RuntimeError, MemoryError) as error:
            raise EngineError(
                f"OpenVINO could not load {self._model.name}: {_first_line(error)}",
                "Run 'jupyter safecoder doctor', and check the free memory.",
            ) from error
        length = min(_TOKENS_PER_STEP + 1, self._model.context_window - 2)
        self.submit(0, [0] * length, (), 2)
        while self.busy():
            self.step()

    def submit(
        self, request: int, prompt: Sequence[int], stop_ids: Collection[int], max_tokens: int
    ) -> None:
        """Take a request into the batch, or refuse it at the next step if it can never fit."""
        # The pipeline itself would notice only after it has filled the whole cache, minutes later.
        room = min(self._model.context_window, self._blocks * _BLOCK_TOKENS)
        if not 0 < len(prompt) <= room - max_tokens:
            self._refused.append(request)
            return
        blocks = self._cached.names(prompt)
        self._waiting[request] = PendingPrefill(request, prompt, stop_ids, max_tokens, blocks)

    def cancel(self, request: int) -> None:
        """Cancel in the pipeline; the next step frees the blocks."""
        if request in self._refused:
            self._refused.remove(request)
        self._waiting.pop(request, None)
        piece, _ = self._pieces.pop(request, (None, 0))
        for handle in (piece, self._handles.pop(request, None)):
            if handle is not None:
                self._stop_ids.pop(request, None)
                handle.cancel()
                self._unfreed = True

    def busy(self) -> bool:
        """Say whether a step has anything to do, freeing what a request held included."""
        return self._unfreed or bool(self._waiting or self._handles or self._refused)

    def step(self) -> list[EngineOutput]:
        """Compute prompts that wait, or else the next tokens of the batch."""
        self._unfreed = False
        self._admit()
        self._pipeline.step()
        self._end_pieces()
        refused, self._refused = self._refused, []
        return [EngineOutput(request, [], "refused") for request in refused] + [
            output
            for request, handle in list(self._handles.items())
            if (output := self._read(request, handle)) is not None
        ]

    def cache_use(self) -> float:
        """Return the share of the KV blocks that running requests hold."""
        return float(self._pipeline.get_metrics().cache_usage) / 100

    def _admit(self) -> None:
        """Give the pipeline what this step computes of prompts."""
        for one in self._waiting.values():
            one.waited += 1
        if self._piece_before and self._handles:
            self._piece_before = False  # those who write have a step between two pieces
            return
        self._piece_before = False
        waiting = [one for number, one in self._waiting.items() if number not in self._pieces]
        for one, end in schedule_prefill(waiting, self._cached, self._tokens, _BLOCK_TOKENS):
            if end < len(one.prompt):
                # A request of one token leaves its blocks in the prefix cache, like any other.
                self._pieces[one.request] = self._add(one.prompt[:end], (), 1), end
                self._piece_before = True
                continue
            del self._waiting[one.request]
            self._handles[one.request] = self._add(one.prompt, one.stop_ids, one.max_tokens)
            self._stop_ids[one.request] = one.stop_ids
            self._cached.keep(one.blocks)

    def _end_pieces(self) -> None:
        for request, (handle, end) in list(self._pieces.items()):
            status = handle.get_status().name
            if status == "RUNNING":
                continue
            del self._pieces[request]
            self._unfreed = True
            if status == "IGNORED":
                del self._waiting[request]
                self._refused.append(request)
            else:
                self._cached.keep(self._waiting[request].blocks[: end // _BLOCK_TOKENS])

    def _add(self, prompt: Sequence[int], stop_ids: Collection[int], max_tokens: int) -> Any:
        config = self._genai.GenerationConfig()
        config.do_sample = False
        config.max_new_tokens = max_tokens
        config.stop_token_ids = set(stop_ids)
        if self._options.draft is not None:
            config.num_assistant_tokens = _DRAFT_TOKENS
        elif self._options.lookup_tokens:
            config.num_assistant_tokens = self._options.lookup_tokens
            config.max_ngram_size = _LOOKUP_NGRAM
        ids = self._openvino.Tensor(self._numpy.array([prompt], dtype=self._numpy.int64))
        return self._pipeline.add_request(next(self._added), ids, config)

    def _properties(self) -> dict[str, Any]:
        properties: dict[str, Any] = {}
        if self.device == "CPU":
            properties |= self._sums()
        if self._options.draft is not None:
            properties["draft_model"] = self._genai.draft_model(
                str(self._options.draft), self.device
            )
        elif self._options.lookup_tokens:
            properties["prompt_lookup"] = True
        return properties

    @property
    def _guesses(self) -> bool:
        return self._options.lookup_tokens > 0 or self._options.draft is not None

    @property
    def _exact(self) -> bool:
        options = self._options
        return options.precision == "fp32" or self._guesses or options.batch_invariant

    def _sums(self) -> dict[str, str]:
        if self._exact:
            return _EXACT
        precision = self._options.precision
        sums = {"DYNAMIC_QUANTIZATION_GROUP_SIZE": _GROUPS.get(precision, "0"), **_KV}
        return sums | _FULL if precision in ("int8", "int4") else sums

    def _read(self, request: int, handle: Any) -> EngineOutput | None:
        ids: list[int] = []
        while handle.can_read():
            for generated in handle.read().values():
                ids += generated.generated_ids
        status = handle.get_status().name
        if status == "RUNNING":
            return EngineOutput(request, ids) if ids else None
        stop_ids = self._stop_ids.pop(request)
        del self._handles[request]
        self._unfreed = True
        if status == "IGNORED":
            return EngineOutput(request, ids, "refused")
        if ids and ids[-1] in stop_ids:
            return EngineOutput(request, ids[:-1], "end")
        return EngineOutput(request, ids, "length")


def _blocks(model: ModelDescription, *, exact: bool) -> int:
    """Return how many KV blocks there is memory for: of many heads a token takes much."""
    free = available_bytes()
    size = kv_values(model) * (_KV_BYTES_EXACT if exact else _KV_BYTES) * _BLOCK_TOKENS
    if free is None or not size:
        return _KV_BLOCKS
    prompt = model.context_tokens + 2 * (model.prefix_tokens + model.suffix_tokens)
    least = min(_KV_BLOCKS, -(-prompt // _BLOCK_TOKENS))
    return max(least, min(_KV_BLOCKS, int(free * _KV_SHARE / size)))


def _first_line(error: BaseException) -> str:
    return str(error).strip().partition("\n")[0][:200]
