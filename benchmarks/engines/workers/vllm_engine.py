"""Drives vLLM in this process, with its prefix cache, stepping its engine by hand."""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import count
from typing import Any

#: What vLLM is told before it is imported: no reports to others, no hub, a cache that is enough.
_ENVIRONMENT = {
    "VLLM_NO_USAGE_STATS": "1",
    "DO_NOT_TRACK": "1",
    "HF_HUB_OFFLINE": "1",
    "VLLM_ENABLE_V1_MULTIPROCESSING": "0",
    "VLLM_CPU_KVCACHE_SPACE": "1",
}


def load(job: dict[str, Any]) -> tuple[Any, int]:
    """Load the checkpoint ``weights`` in ``precision``; its weights are ``parameters`` many."""
    os.environ.update(_ENVIRONMENT)
    from vllm import LLM, SamplingParams

    dtype = {"fp32": "float32", "bf16": "bfloat16"}[job["precision"]]
    engine = LLM(
        model=job["weights"],
        dtype=dtype,
        skip_tokenizer_init=True,
        enable_prefix_caching=True,
        max_model_len=job["context"],
    ).llm_engine
    numbers = count(1)

    def generate(prompt: list[int], tokens: int, ends: list[int]) -> Iterator[list[int]]:
        sampling = SamplingParams(
            temperature=0, max_tokens=tokens, ignore_eos=True, stop_token_ids=ends, detokenize=False
        )
        engine.add_request(str(next(numbers)), {"prompt_token_ids": prompt}, sampling)
        given = 0
        while engine.has_unfinished_requests():
            for output in engine.step():
                ids = list(output.outputs[0].token_ids)
                if new := [token for token in ids[given:] if token not in ends]:
                    yield new
                given = len(ids)

    return generate, job["parameters"] * {"fp32": 4, "bf16": 2}[job["precision"]]
