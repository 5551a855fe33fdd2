"""Tiny checkpoints with random weights, their completions by transformers, and by engines."""

from __future__ import annotations

import json
import random
import re
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jupyter_safecoder.engines import Engine, EngineOutput
from jupyter_safecoder.models import EMBEDDED, ModelDescription, resolve_model
from jupyter_safecoder.models.gguf.tokenizer import tokenizer_data
from jupyter_safecoder.models.random_weights import write_random_checkpoint

_GROUPED = {
    "num_hidden_layers": 2,
    "hidden_size": 64,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "intermediate_size": 128,
    "max_position_embeddings": 256,
    # Much wider than in training, so that ids vary and two logits are hardly ever nearly equal.
    "initializer_range": 0.3,
}
CONFIGS: dict[str, dict[str, Any]] = {
    # One KV head, learned positions, and more ids than the tokenizer has.
    "gpt_bigcode": {
        "n_layer": 2,
        "n_embd": 64,
        "n_head": 4,
        "n_inner": 128,
        "n_positions": 128,
        "vocab_size": 49280,
        "initializer_range": 0.3,
    },
    "starcoder2": {**_GROUPED, "vocab_size": 49152, "sliding_window": 24},
    "llama": {**_GROUPED, "vocab_size": 49152},
    "mistral": {**_GROUPED, "vocab_size": 49152, "sliding_window": 24},
    # The second layer has sliding attention, the first has not.
    "qwen2": {
        **_GROUPED,
        "vocab_size": 49152,
        "use_sliding_window": True,
        "sliding_window": 24,
        "max_window_layers": 1,
    },
    "qwen3": {**_GROUPED, "head_dim": 16, "vocab_size": 49152},
    "gemma": {**_GROUPED, "num_key_value_heads": 1, "head_dim": 16, "vocab_size": 49152},
    "granite": {**_GROUPED, "vocab_size": 49152, "logits_scaling": 8.0},
}


def write_tiny(directory: Path, architecture: str, seed: int = 0) -> ModelDescription:
    """Write a checkpoint and return its description."""
    import torch

    # With tensors this small a second thread only waits, and takes time from other processes.
    torch.set_num_threads(1)
    config = {"model_type": architecture, **CONFIGS[architecture]}
    write_random_checkpoint(directory, config, resolve_model(EMBEDDED).tokenizer, seed)
    return resolve_model(str(directory))


def write_tiny_qwen(directory: Path) -> ModelDescription:
    """Write a checkpoint with the pre-tokenizer and the FIM tokens of Qwen2.5-Coder."""
    described = write_tiny(directory, "qwen2")
    text = re.sub(r'"<(fim_\w+)>"', r'"<|\1|>"', described.tokenizer.read_text("utf-8"))
    qwen = tokenizer_data(
        {
            "tokenizer.ggml.model": "gpt2",
            "tokenizer.ggml.pre": "qwen2",
            "tokenizer.ggml.tokens": [],
            "tokenizer.ggml.merges": [],
        }
    )
    assert qwen
    steps = {name: qwen[name] for name in ("normalizer", "pre_tokenizer")}
    described.tokenizer.write_text(json.dumps({**json.loads(text), **steps}), "utf-8")
    return resolve_model(str(directory))


def prompts(lengths: Sequence[int]) -> list[list[int]]:
    """Return prompts of random ids."""
    source = random.Random(1)
    return [[source.randrange(1000) for _ in range(length)] for length in lengths]


class Reference:
    """Greedy decoding by transformers in fp32, one prompt after the other."""

    def __init__(self, directory: Path) -> None:
        import torch
        from transformers import AutoModelForCausalLM

        self._torch = torch
        self.model: Any = AutoModelForCausalLM.from_pretrained(directory, dtype=torch.float32)
        self._completions: dict[tuple[int, ...], list[int]] = {}

    def complete(self, prompt: Sequence[int], max_tokens: int) -> list[int]:
        """Return the greedy ids."""
        key = (max_tokens, *prompt)
        if key not in self._completions:
            self._completions[key] = self._generate(prompt, max_tokens)
        return self._completions[key]

    def logprobs(self, prompt: Sequence[int], ids: Sequence[int]) -> list[float]:
        """Return the log-probability of each id after a prompt and the ids before it."""
        with self._torch.inference_mode():
            logits = self.model(self._torch.tensor([[*prompt, *ids]])).logits[0]
        predicted = logits[len(prompt) - 1 : -1].log_softmax(-1)
        return [float(row[i]) for row, i in zip(predicted, ids, strict=True)]

    def _generate(self, prompt: Sequence[int], max_tokens: int) -> list[int]:
        ids = self._torch.tensor([list(prompt)])
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            generated = self.model.generate(
                ids,
                attention_mask=self._torch.ones_like(ids),
                do_sample=False,
                max_new_tokens=max_tokens,
                eos_token_id=None,
            )
        return [int(i) for i in generated[0, len(prompt) :]]


class _Numbers:
    last = 100


def submit(
    engine: Engine, prompt: Sequence[int], max_tokens: int, stop_ids: Sequence[int] = ()
) -> int:
    """Submit a request with a new number, and return it."""
    _Numbers.last += 1
    engine.submit(_Numbers.last, prompt, stop_ids, max_tokens)
    return _Numbers.last


def run(engine: Engine, steps: int = 2000) -> dict[int, list[EngineOutput]]:
    """Step until the engine has nothing to do; return each request's outputs."""
    outputs: dict[int, list[EngineOutput]] = {}
    while engine.busy() and steps:
        for output in engine.step():
            outputs.setdefault(output.request, []).append(output)
        steps -= 1
    return outputs


def ids_of(outputs: Sequence[EngineOutput]) -> list[int]:
    """Return all ids of a request."""
    return [i for output in outputs for i in output.ids]


def logprobs_of(outputs: Sequence[EngineOutput]) -> list[float]:
    """Return all log-probabilities of a request."""
    return [logprob for output in outputs for logprob in output.logprobs or ()]


def complete(engine: Engine, prompt: Sequence[int], max_tokens: int) -> list[int]:
    """Return the ids of an engine's completion of one prompt."""
    number = submit(engine, prompt, max_tokens)
    return ids_of(run(engine)[number])


def complete_all(
    engine: Engine, batch: Sequence[Sequence[int]], max_tokens: int
) -> list[list[int]]:
    """Return the ids of an engine's completions of prompts that are submitted at once."""
    numbers = [submit(engine, prompt, max_tokens) for prompt in batch]
    outputs = run(engine)
    return [ids_of(outputs[number]) for number in numbers]
