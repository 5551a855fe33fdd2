"""Worker for vLLM in this process, with its prefix cache; its engine is stepped from here."""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import count
from typing import Any

#: Set before vLLM is imported: no telemetry, no downloads, a KV cache of 1 GiB.
_ENVIRONMENT = {
    "VLLM_NO_USAGE_STATS": "1",
    "DO_NOT_TRACK": "1",
    "HF_HUB_OFFLINE": "1",
    "VLLM_ENABLE_V1_MULTIPROCESSING": "0",
    "VLLM_CPU_KVCACHE_SPACE": "1",
}


def load(job: dict[str, Any]) -> tuple[Any, int]:
    """Load the checkpoint ``weights``, which has ``parameters`` parameters, in ``precision``.

    Returns
    -------
    tuple
        The function to generate with, and the size of the weights in bytes.
    """
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

    def generate(prompt: list[int], max_tokens: int, stop_ids: list[int]) -> Iterator[list[int]]:
        sampling = SamplingParams(
            temperature=0,
            max_tokens=max_tokens,
            ignore_eos=True,
            stop_token_ids=stop_ids,
            detokenize=False,
        )
        engine.add_request(str(next(numbers)), {"prompt_token_ids": prompt}, sampling)
        returned = 0
        while engine.has_unfinished_requests():
            for output in engine.step():
                ids = list(output.outputs[0].token_ids)
                if new := [token for token in ids[returned:] if token not in stop_ids]:
                    yield new
                returned = len(ids)

    return generate, job["parameters"] * {"fp32": 4, "bf16": 2}[job["precision"]]
