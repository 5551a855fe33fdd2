"""Tiny checkpoints with random weights, and what plain transformers says to prompts."""

from __future__ import annotations

import random
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jupyter_safecoder.engines import Engine, EngineOutput
from jupyter_safecoder.models import EMBEDDED, ModelDescription, resolve_model
from jupyter_safecoder.models.random_weights import write_random_checkpoint

_GROUPED = {
    "num_hidden_layers": 2,
    "hidden_size": 64,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "intermediate_size": 128,
    "max_position_embeddings": 256,
    # Far wider than in training: ids vary, and two of them are hardly ever nearly even.
    "initializer_range": 0.3,
}
CONFIGS: dict[str, dict[str, Any]] = {
    # One key head, learned positions, and more ids than the tokenizer has.
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
    # Its second layer slides, its first does not.
    "qwen2": {
        **_GROUPED,
        "vocab_size": 49152,
        "use_sliding_window": True,
        "sliding_window": 24,
        "max_window_layers": 1,
    },
    "gemma": {**_GROUPED, "num_key_value_heads": 1, "head_dim": 16, "vocab_size": 49152},
    "granite": {**_GROUPED, "vocab_size": 49152, "logits_scaling": 8.0},
}


def write_tiny(directory: Path, architecture: str, seed: int = 0) -> ModelDescription:
    """Write a checkpoint and return its description."""
    import torch

    # With tensors as small as these a second thread only waits, and takes others' time.
    torch.set_num_threads(1)
    config = {"model_type": architecture, **CONFIGS[architecture]}
    write_random_checkpoint(directory, config, resolve_model(EMBEDDED).tokenizer, seed)
    return resolve_model(str(directory))


def prompts(lengths: Sequence[int]) -> list[list[int]]:
    """Return prompts of random ids."""
    source = random.Random(1)
    return [[source.randrange(1000) for _ in range(length)] for length in lengths]


class Reference:
    """Plain transformers in fp32, one prompt after the other."""

    def __init__(self, directory: Path) -> None:
        import torch
        from transformers import AutoModelForCausalLM

        self._torch = torch
        self.network = AutoModelForCausalLM.from_pretrained(directory, dtype=torch.float32)
        self._answers: dict[tuple[int, ...], list[int]] = {}

    def answer(self, prompt: Sequence[int], most: int) -> list[int]:
        """Return the greedy ids."""
        known = self._answers.get((most, *prompt))
        if known is None:
            known = self._answers[(most, *prompt)] = self._generate(prompt, most)
        return known

    def _generate(self, prompt: Sequence[int], most: int) -> list[int]:
        ids = self._torch.tensor([list(prompt)])
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            whole = self.network.generate(
                ids,
                attention_mask=self._torch.ones_like(ids),
                do_sample=False,
                max_new_tokens=most,
                eos_token_id=None,
            )
        return [int(i) for i in whole[0, len(prompt) :]]


class _Numbers:
    last = 100


def submit(engine: Engine, prompt: Sequence[int], most: int, ends: Sequence[int] = ()) -> int:
    """Submit under a number that is new."""
    _Numbers.last += 1
    engine.submit(_Numbers.last, prompt, ends, most)
    return _Numbers.last


def run(engine: Engine, steps: int = 2000) -> dict[int, list[EngineOutput]]:
    """Step until nothing is left; return each request's outputs."""
    outputs: dict[int, list[EngineOutput]] = {}
    while engine.busy() and steps:
        for output in engine.step():
            outputs.setdefault(output.request, []).append(output)
        steps -= 1
    return outputs


def ids_of(outputs: Sequence[EngineOutput]) -> list[int]:
    """Return all ids of a request."""
    return [i for output in outputs for i in output.ids]


def answer(engine: Engine, prompt: Sequence[int], most: int) -> list[int]:
    """Return what an engine says to one prompt."""
    number = submit(engine, prompt, most)
    return ids_of(run(engine)[number])


def answers(engine: Engine, together: Sequence[Sequence[int]], most: int) -> list[list[int]]:
    """Return what an engine says to prompts that are asked at once."""
    numbers = [submit(engine, prompt, most) for prompt in together]
    outputs = run(engine)
    return [ids_of(outputs[number]) for number in numbers]
