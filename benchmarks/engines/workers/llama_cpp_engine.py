"""Worker for llama.cpp, through the C functions of llama-cpp-python, as llama.cpp's server does.

There is one sequence, whose KV cache is kept for the common prefix of prompts. Flash attention
and batch sizes are llama.cpp's defaults.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import takewhile
from typing import Any


def load(job: dict[str, Any]) -> tuple[Any, int]:
    """Load the GGUF file ``weights`` with a context of ``context`` tokens.

    Returns
    -------
    tuple
        The function to generate with, and the size of the weights in bytes.
    """
    import llama_cpp as llama
    import numpy

    llama.llama_backend_init()
    model_parameters = llama.llama_model_default_params()
    # Its kernels for AMX end in a segmentation fault (0.3.36); those for AVX-512 are used instead.
    model_parameters.use_extra_bufts = not has_amx()
    model = llama.llama_model_load_from_file(os.fsencode(job["weights"]), model_parameters)
    if not model:
        raise RuntimeError("llama.cpp could not load its GGUF file")
    parameters = llama.llama_context_default_params()
    parameters.n_ctx = job["context"]
    # All cores that may be used: its default is four, or all of the machine.
    parameters.n_threads = parameters.n_threads_batch = job["threads"]
    context = llama.llama_init_from_model(model, parameters)
    if not context:
        raise RuntimeError(f"llama.cpp could not create a context of {job['context']} tokens")
    memory = llama.llama_get_memory(context)
    vocabulary = llama.llama_vocab_n_tokens(llama.llama_model_get_vocab(model))
    cached: list[int] = []

    def decode(ids: list[int]) -> int:
        """Compute ids after those that are cached; return the most probable next one."""
        for start in range(0, len(ids), parameters.n_batch):
            batch = ids[start : start + parameters.n_batch]
            array = (llama.llama_token * len(batch))(*batch)
            if llama.llama_decode(context, llama.llama_batch_get_one(array, len(batch))) != 0:
                raise RuntimeError(f"llama.cpp could not compute {len(batch)} tokens")
            cached.extend(batch)
        logits = llama.llama_get_logits_ith(context, -1)
        return int(numpy.ctypeslib.as_array(logits, shape=(vocabulary,)).argmax())

    def generate(prompt: list[int], max_tokens: int, stop_ids: list[int]) -> Iterator[list[int]]:
        pairs = zip(cached, prompt[:-1], strict=False)
        shared = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
        llama.llama_memory_seq_rm(memory, 0, shared, -1)
        del cached[shared:]
        token = decode(prompt[shared:])
        for _ in range(max_tokens - 1):
            if token in stop_ids:
                return
            yield [token]
            token = decode([token])
        if token not in stop_ids:
            yield [token]

    return generate, os.path.getsize(job["weights"])


def has_amx() -> bool:
    """Return whether this processor has AMX."""
    try:
        with open("/proc/cpuinfo", encoding="ascii", errors="replace") as stream:
            return "amx_int8" in stream.read().split()
    except OSError:
        return False
