"""OpenVINO GenAI's continuous batching: paged KV cache, prefix caching, cancellation.

Its plain ``LLMPipeline`` computes the whole prompt again for each request. Only the continuous
batching scheduler reuses the KV blocks (32 tokens each) of a prompt with the same prefix.

Speculative decoding, by prompt lookup or a draft model, changes no token: a proposed token is kept
only if it is the one that the model predicts.
"""

from __future__ import annotations

import itertools
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

from jupyter_safecoder.engines.hardware.cpu import available_bytes, granted_threads
from jupyter_safecoder.errors import EngineError, first_line
from jupyter_safecoder.extras import INSTALL_LOCAL
from jupyter_safecoder.models import ModelDescription, kv_values
from jupyter_safecoder.models.tokenizer import FileTokenizer
from jupyter_safecoder.prompt import Tokenizer

from .chunked_prefill import PendingPrefill, PrefixCacheMirror, schedule_prefill
from .engine import Candidate, EngineOptions, EngineOutput
from .warm_up import warm_up

#: 32,768 tokens, the prompts of some fifteen users; up to 760 MB for the embedded model.
_MAX_KV_BLOCKS = 1024
#: Share of the free memory that the KV cache may take where that is less.
_KV_MEMORY_SHARE = 0.25
#: Bytes of a KV value, and of one in the exact mode.
_KV_BYTES, _KV_BYTES_EXACT = 2.0, 4.0
_BLOCK_TOKENS = 32
#: Activations are quantized in groups of the size of the weights' groups: 32 for Q8_0, 64 for our
#: int4, 128 where weights have one scale for each channel. Larger groups bring nothing.
_ACTIVATION_GROUPS = {"": "32", "int4": "64", "int8": "128"}
#: Arithmetic for what is not quantized. By default OpenVINO takes bf16 where the processor has it,
#: and then computes a token of a 1B int8 model in 74 ms instead of 52 on AMX, whose tiles one row
#: of activations does not fill; a prompt takes 2.9 s instead of 2.2. The embedded GGUF keeps the
#: default: with f32 a token takes a fifth less time, but a prompt more than half as long again.
_F32_INFERENCE = {"INFERENCE_PRECISION_HINT": "f32"}
#: OpenVINO's default of 8 bits with scales is half as large, but unpacking it takes a sixth of the
#: time of a step with eight requests, and a tenth of the time of a prompt.
_F16_KV = {"KV_CACHE_PRECISION": "f16"}
#: No quantization of activations or KV: the exact mode, which other engines are compared with. The
#: sums of a token then depend on what is computed beside it (tokens of other requests, proposed
#: tokens) in their last bit only; with quantized activations or KV a third of the completions
#: differ. A prompt takes half as long again.
_EXACT = {
    "DYNAMIC_QUANTIZATION_GROUP_SIZE": "0",
    **_F32_INFERENCE,
    "KV_CACHE_PRECISION": "f32",
}
#: Maximum number of prompt tokens in a step. A step holds Python's lock while it computes: between
#: two of them the runtime can answer, cancel and admit requests.
_PREFILL_TOKENS = 256
#: Tokens that must repeat before prompt lookup proposes what follows them.
_LOOKUP_NGRAM = 3
#: Tokens that a draft model proposes at once.
_DRAFT_TOKENS = 4


class OpenVinoEngine:
    """Runs a converted checkpoint, or a llama-family GGUF file, on OpenVINO GenAI.

    Parameters
    ----------
    model
        The model.
    options
        How to run it.
    """

    name = "openvino"
    tokenizer: Tokenizer

    def __init__(self, model: ModelDescription, options: EngineOptions) -> None:
        self._description = model
        self._weights = options.weights or model.weights
        self._options = options
        self.device = options.device or "CPU"
        self._pipeline: Any = None
        #: Requests whose prompt is not in the pipeline yet, by their number.
        self._waiting: dict[int, PendingPrefill] = {}
        #: Handles of chunks of their prompts, each with the number of tokens that it ends at.
        self._chunks: dict[int, tuple[Any, int]] = {}
        #: Handles of requests in the pipeline.
        self._handles: dict[int, Any] = {}
        self._stop_ids: dict[int, Collection[int]] = {}
        #: Requests in the pipeline for candidates.
        self._candidate_requests: set[int] = set()
        self._refused: list[int] = []
        self._pipeline_ids = itertools.count()
        self._last_step_was_chunk = False
        #: Whether a request has ended whose KV blocks the pipeline frees only in its next step.
        self._has_unfreed_blocks = False
        #: Whether one of them may be incomplete.
        self._must_free_blocks = False

    def load(self) -> None:
        """Load the weights and warm up."""
        try:
            import numpy
            import openvino
            import openvino_genai
        except ImportError as error:
            raise EngineError(
                "OpenVINO GenAI is not installed.",
                f"Install the runtime with: {INSTALL_LOCAL}.",
            ) from error
        self._numpy, self._openvino, self._genai = numpy, openvino, openvino_genai
        self.tokenizer = FileTokenizer(self._description.tokenizer)
        scheduler = openvino_genai.SchedulerConfig()
        scheduler.enable_prefix_caching = True
        self._kv_blocks = _kv_blocks(self._description, exact=self._exact)
        scheduler.num_kv_blocks = self._kv_blocks
        if self._speculative:
            scheduler.max_num_batched_tokens = _PREFILL_TOKENS
            self._prefill_tokens = self._description.context_window
        else:
            # Prompts get steps of their own: they hold what the pipeline is given for them.
            scheduler.dynamic_split_fuse = False
            scheduler.max_num_batched_tokens = max(
                self._description.context_window, scheduler.max_num_seqs
            )
            self._prefill_tokens = _PREFILL_TOKENS
        self._prefix_cache = PrefixCacheMirror(self._kv_blocks, _BLOCK_TOKENS)
        try:
            # Without one that is given, a tokenizer is made of the GGUF: half of the load time. The
            # directory of this module has no files of one.
            no_tokenizer = openvino_genai.Tokenizer(Path(__file__).parent)
            self._pipeline = openvino_genai.ContinuousBatchingPipeline(
                str(self._weights), no_tokenizer, scheduler, self.device, **self._properties()
            )
        except (RuntimeError, MemoryError) as error:
            raise EngineError(
                f"OpenVINO could not load {self._description.name}: {first_line(error)}",
                "Run 'jupyter safecoder doctor', and check the free memory.",
            ) from error
        warm_up(self, min(_PREFILL_TOKENS + 1, self._description.context_window - 2))

    def submit(
        self, request: int, prompt: Sequence[int], stop_ids: Collection[int], max_tokens: int
    ) -> None:
        """Queue a request; it is refused on the next step if it can never fit."""
        self._queue(PendingPrefill(request, prompt, stop_ids, max_tokens, ()))

    @property
    def offers_candidates(self) -> bool:
        """Whether beam search is possible: not together with speculative decoding."""
        return not self._speculative

    def submit_candidates(self, request: int, prompt: Sequence[int], count: int) -> None:
        """Queue a request; the beams of a search for one token are the most probable tokens."""
        self._queue(PendingPrefill(request, prompt, (), 1, (), candidates=max(count, 2)))

    def _queue(self, pending: PendingPrefill) -> None:
        # The pipeline itself would notice only after filling the whole cache, minutes later.
        window = min(self._description.context_window, self._kv_blocks * _BLOCK_TOKENS)
        if not 0 < len(pending.prompt) <= window - pending.max_tokens:
            self._refused.append(pending.request)
            return
        pending.block_hashes = self._prefix_cache.block_hashes(pending.prompt)
        self._waiting[pending.request] = pending

    def cancel(self, request: int) -> None:
        """Cancel a request in the pipeline; the next step frees its blocks."""
        if request in self._refused:
            self._refused.remove(request)
        self._waiting.pop(request, None)
        chunk, _ = self._chunks.pop(request, (None, 0))
        self._must_free_blocks |= request in self._handles
        for handle in (chunk, self._handles.pop(request, None)):
            if handle is not None:
                self._stop_ids.pop(request, None)
                self._candidate_requests.discard(request)
                handle.cancel()
                self._has_unfreed_blocks = True

    def busy(self) -> bool:
        """Return whether a step has anything to do, freeing blocks included."""
        return self._has_unfreed_blocks or bool(self._waiting or self._handles or self._refused)

    def step(self) -> list[EngineOutput]:
        """Compute waiting prompts, or else the next tokens of the batch."""
        # A prompt that continues what an ended request has generated would share a block of it that
        # is not complete, and gets NaN: OpenVINO GenAI 2026.4 must free the blocks before.
        if not self._must_free_blocks:
            self._admit()
        self._has_unfreed_blocks = self._must_free_blocks = False
        self._pipeline.step()
        self._finish_chunks()
        refused, self._refused = self._refused, []
        return [EngineOutput(request, [], "refused") for request in refused] + [
            output
            for request, handle in list(self._handles.items())
            if (output := self._read(request, handle)) is not None
        ]

    def _admit(self) -> None:
        """Give the pipeline the prompts, or parts of prompts, that this step computes."""
        for pending in self._waiting.values():
            pending.waited_steps += 1
        if self._last_step_was_chunk and self._handles:
            # Requests that decode get a step between two chunks.
            self._last_step_was_chunk = False
            return
        self._last_step_was_chunk = False
        waiting = [one for number, one in self._waiting.items() if number not in self._chunks]
        for pending, end in schedule_prefill(
            waiting, self._prefix_cache, self._prefill_tokens, _BLOCK_TOKENS
        ):
            number = pending.request
            if end < len(pending.prompt):
                # A request for one token leaves its blocks in the prefix cache, like any other.
                self._chunks[number] = self._add_request(pending.prompt[:end], (), 1), end
                self._last_step_was_chunk = True
                continue
            del self._waiting[number]
            self._handles[number] = self._add_request(
                pending.prompt, pending.stop_ids, pending.max_tokens, pending.candidates
            )
            if pending.candidates:
                self._candidate_requests.add(number)
            self._stop_ids[number] = pending.stop_ids
            self._prefix_cache.add(pending.block_hashes)

    def _finish_chunks(self) -> None:
        """Record the blocks of chunks that the pipeline has computed."""
        for request, (handle, end) in list(self._chunks.items()):
            status = handle.get_status().name
            if status == "RUNNING":
                continue
            del self._chunks[request]
            self._has_unfreed_blocks = True
            if status == "IGNORED":
                del self._waiting[request]
                self._refused.append(request)
            else:
                hashes = self._waiting[request].block_hashes
                self._prefix_cache.add(hashes[: end // _BLOCK_TOKENS])

    def _add_request(
        self,
        prompt: Sequence[int],
        stop_ids: Collection[int],
        max_tokens: int,
        candidates: int = 0,
    ) -> Any:
        config = self._genai.GenerationConfig()
        config.do_sample = False
        config.logprobs = 1
        config.max_new_tokens = max_tokens
        if candidates:
            config.num_beams = config.num_return_sequences = candidates
        config.stop_token_ids = set(stop_ids) or {0}
        # It would be the tokenizer's, but the pipeline has none.
        config.eos_token_id = min(config.stop_token_ids)
        config.ignore_eos = not stop_ids
        if self._options.draft is not None:
            config.num_assistant_tokens = _DRAFT_TOKENS
        elif self._options.lookup_tokens:
            config.num_assistant_tokens = self._options.lookup_tokens
            config.max_ngram_size = _LOOKUP_NGRAM
        ids = self._openvino.Tensor(self._numpy.array([prompt], dtype=self._numpy.int64))
        return self._pipeline.add_request(next(self._pipeline_ids), ids, config)

    def _properties(self) -> dict[str, Any]:
        """Return the properties that the pipeline is loaded with."""
        properties: dict[str, Any] = {}
        if self.device == "CPU":
            properties |= self._precision_properties() | _thread_properties()
        if self._options.draft is not None:
            properties["draft_model"] = self._genai.draft_model(
                str(self._options.draft), self.device, **_thread_properties()
            )
        elif self._options.lookup_tokens:
            properties["prompt_lookup"] = True
        return properties

    @property
    def _speculative(self) -> bool:
        """Whether tokens are proposed, by prompt lookup or a draft model."""
        return self._options.lookup_tokens > 0 or self._options.draft is not None

    @property
    def _exact(self) -> bool:
        options = self._options
        return options.precision == "fp32" or self._speculative or options.batch_invariant

    def _precision_properties(self) -> dict[str, str]:
        if self._exact:
            return _EXACT
        precision = self._options.precision
        groups = _ACTIVATION_GROUPS.get(precision, "0")
        properties = {"DYNAMIC_QUANTIZATION_GROUP_SIZE": groups, **_F16_KV}
        return properties | _F32_INFERENCE if precision in ("int8", "int4") else properties

    def _read(self, request: int, handle: Any) -> EngineOutput | None:
        """Return what the pipeline has generated for a request since the last step."""
        if request in self._candidate_requests:
            return self._read_candidates(request, handle)
        ids: list[int] = []
        logprobs: list[float] = []
        while handle.can_read():
            for generated in handle.read().values():
                ids += generated.generated_ids
                logprobs += generated.generated_log_probs
        status = handle.get_status().name
        if status == "RUNNING":
            return EngineOutput(request, ids, logprobs=logprobs) if ids else None
        stop_ids = self._stop_ids.pop(request)
        del self._handles[request]
        self._has_unfreed_blocks = self._must_free_blocks = True
        if status == "IGNORED":
            return EngineOutput(request, ids, "refused")
        if ids and ids[-1] in stop_ids:
            return EngineOutput(request, ids[:-1], "end", logprobs=logprobs[:-1])
        return EngineOutput(request, ids, "length", logprobs=logprobs)

    def _read_candidates(self, request: int, handle: Any) -> EngineOutput | None:
        status = handle.get_status().name
        if status == "RUNNING":
            return None
        self._candidate_requests.remove(request)
        del self._stop_ids[request], self._handles[request]
        self._has_unfreed_blocks = self._must_free_blocks = True
        if status == "IGNORED":
            return EngineOutput(request, [], "refused")
        beams = sorted(handle.read_all(), key=lambda beam: -float(beam.score))
        candidates = [Candidate(beam.generated_ids[0], float(beam.score)) for beam in beams]
        return EngineOutput(request, [], "length", candidates=candidates)


def _thread_properties() -> dict[str, int]:
    """Return the number of threads, where a control group grants less than all cores."""
    threads = granted_threads()
    return {} if threads is None else {"INFERENCE_NUM_THREADS": threads}


def _kv_blocks(model: ModelDescription, *, exact: bool) -> int:
    """Return how many KV blocks the free memory has room for, one prompt's at least."""
    free = available_bytes()
    block_bytes = kv_values(model) * (_KV_BYTES_EXACT if exact else _KV_BYTES) * _BLOCK_TOKENS
    if free is None or not block_bytes:
        return _MAX_KV_BLOCKS
    budget = model.budget
    prompt_tokens = budget.total + budget.prefix + budget.suffix
    min_blocks = min(_MAX_KV_BLOCKS, -(-prompt_tokens // _BLOCK_TOKENS))
    return max(min_blocks, min(_MAX_KV_BLOCKS, int(free * _KV_MEMORY_SHARE / block_bytes)))
