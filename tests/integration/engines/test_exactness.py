"""Greedy ids of every engine are those of plain transformers in fp32.

Tiny checkpoints with random weights: learned absolute positions up to the end of the window, one KV
head for all, grouped heads, a sliding window, ids beyond the tokenizer's size.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from jupyter_safecoder.engines import Engine, EngineOptions, make_engine
from jupyter_safecoder.models import ModelDescription
from jupyter_safecoder.telemetry import silence_telemetry
from tests.support.exports import export_all
from tests.support.kv_cache import kv_cache_usage
from tests.support.tiny_checkpoints import (
    Reference,
    complete,
    complete_all,
    logprobs_of,
    prompts,
    run,
    submit,
    write_tiny,
)

ARCHITECTURES = ("gpt_bigcode", "starcoder2", "llama")
ENGINES = ("transformers", "onnxruntime", "openvino")
#: Tokens that a prompt is completed with.
MAX_TOKENS = 16

everywhere = pytest.mark.parametrize("architecture", ARCHITECTURES)
with_every_engine = pytest.mark.parametrize("name", ENGINES)
Load = Callable[..., Engine]


@pytest.fixture(scope="module", autouse=True)
def quiet() -> None:
    silence_telemetry()


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, ModelDescription]:
    directory = tmp_path_factory.mktemp("checkpoints")
    return {name: write_tiny(directory / name, name) for name in ARCHITECTURES}


@pytest.fixture(scope="module")
def references(models: dict[str, ModelDescription]) -> Callable[[str], Reference]:
    return cache(lambda architecture: Reference(models[architecture].weights))


@pytest.fixture(scope="module")
def converted(models: dict[str, ModelDescription]) -> Callable[[str, str], Path]:
    """Return the directory of the models converted for an engine in a precision."""
    checkpoints = {name: model.weights for name, model in models.items()}

    @cache
    def convert(engine: str, precision: str) -> Path:
        return export_all(engine, checkpoints, _CONVERSIONS[engine]) / precision

    return convert


_CONVERSIONS: dict[str, dict[str, tuple[str, ...]]] = {
    "onnxruntime": {"fp32": ARCHITECTURES},
    "openvino": {"fp32": ARCHITECTURES, "int8": ("gpt_bigcode",), "int4": ("gpt_bigcode",)},
}


@pytest.fixture(scope="module")
def load(
    models: dict[str, ModelDescription], converted: Callable[[str, str], Path]
) -> Callable[..., Engine]:
    """Return a function that loads an engine once for the same arguments."""

    @cache
    def loaded(
        name: str,
        architecture: str,
        weights: str = "fp32",
        precision: str = "fp32",
        lookup: int = 0,
    ) -> Engine:
        directory = None if name == "transformers" else converted(name, weights) / architecture
        device = "" if name == "openvino" else "cpu"
        options = EngineOptions(device, precision, directory, lookup)
        engine = make_engine(name, models[architecture], options)
        engine.load()
        return engine

    return loaded


def _lengths(window: int) -> tuple[int, ...]:
    return 1, 2, 30, 100, window - MAX_TOKENS


@everywhere
@with_every_engine
def test_alone_and_in_a_batch(
    name: str,
    architecture: str,
    load: Load,
    models: dict[str, ModelDescription],
    references: Callable[[str], Reference],
) -> None:
    batch = prompts(_lengths(models[architecture].context_window))
    expected = [references(architecture).complete(prompt, MAX_TOKENS) for prompt in batch]
    assert len({i for ids in expected for i in ids}) > MAX_TOKENS
    engine = load(name, architecture)
    assert [complete(engine, prompt, MAX_TOKENS) for prompt in batch] == expected
    # In another order, with other prompts in the slots.
    assert complete_all(engine, batch[::-1], MAX_TOKENS) == expected[::-1]


@everywhere
@with_every_engine
def test_log_probabilities(
    name: str, architecture: str, load: Load, references: Callable[[str], Reference]
) -> None:
    reference = references(architecture)
    (prompt,) = prompts((30,))
    number = submit(load(name, architecture), prompt, MAX_TOKENS)
    outputs = run(load(name, architecture))[number]
    expected = reference.logprobs(prompt, reference.complete(prompt, MAX_TOKENS))
    assert logprobs_of(outputs) == pytest.approx(expected, abs=1e-3)


@pytest.mark.parametrize("name", ["transformers", "onnxruntime"])
def test_the_last_position(
    name: str,
    load: Load,
    models: dict[str, ModelDescription],
    references: Callable[[str], Reference],
) -> None:
    """The embedding of the last learned position is used, and none after it."""
    window = models["gpt_bigcode"].context_window
    for length in (window, window - 1, window - 5):
        (prompt,) = prompts((length,))
        expected = references("gpt_bigcode").complete(prompt, window - length + 1)
        assert complete(load(name, "gpt_bigcode"), prompt, 99) == expected


@with_every_engine
def test_ids_beyond_the_tokenizer(
    name: str, load: Load, references: Callable[[str], Reference]
) -> None:
    """Ids that pad a vocabulary are ids like others, in a prompt and in a completion."""
    prompt = [49279, 49152, 49200, 7]
    expected = references("gpt_bigcode").complete(prompt, MAX_TOKENS)
    assert complete(load(name, "gpt_bigcode"), prompt, MAX_TOKENS) == expected


@everywhere
@with_every_engine
def test_the_prefix_cache(
    name: str, architecture: str, load: Load, references: Callable[[str], Reference]
) -> None:
    """Keystrokes, deletions and other keystrokes, each on the KV of the prompt before."""
    engine = load(name, architecture)
    (prompt,) = prompts((96,))
    for typed in (prompt, [*prompt, 5], [*prompt, 5, 6], prompt[:90], [*prompt[:70], 5], prompt):
        assert complete(engine, typed, 8) == references(architecture).complete(typed, 8)


@everywhere
@with_every_engine
def test_prompt_lookup(
    name: str, architecture: str, load: Load, references: Callable[[str], Reference]
) -> None:
    """Prompts with repetitions, for which proposals are right or wrong."""
    engine = load(name, architecture, lookup=5)
    phrases = prompts((7, 9, 12))
    expected = [references(architecture).complete(phrase * 4, 24) for phrase in phrases]
    # The completion, as if it were in the notebook already.
    phrases = [phrase * 4 + ids for phrase, ids in zip(phrases, expected, strict=True)]
    batch = [ids + phrase[:28] for ids, phrase in zip(phrases, phrases, strict=True)]
    expected = [references(architecture).complete(prompt, 10) for prompt in batch]
    assert [complete(engine, prompt, 10) for prompt in batch] == expected
    assert complete_all(engine, batch, 10) == expected


@with_every_engine
def test_cancelling_frees_within_one_step(name: str, load: Load) -> None:
    engine = load(name, "llama")
    run(engine)
    engine.step()
    assert kv_cache_usage(engine) == 0
    numbers = [submit(engine, prompt, 90) for prompt in prompts((100, 60))]
    for _ in range(4):
        engine.step()
    used = kv_cache_usage(engine)
    engine.cancel(numbers[0])
    engine.step()
    if name == "openvino":
        engine.step()  # its metrics are those of before the step
    assert 0 < kv_cache_usage(engine) < used
    engine.cancel(numbers[1])
    while engine.busy():
        assert engine.step() == []
    engine.step()
    assert kv_cache_usage(engine) == 0


@pytest.fixture(scope="module")
def dequantized(
    models: dict[str, ModelDescription], converted: Callable[[str, str], Path]
) -> Callable[[str], Reference]:
    """Return transformers with the weights that quantization left."""

    @cache
    def reference(precision: str) -> Reference:
        import torch

        plain = Reference(models["gpt_bigcode"].weights)
        weights = _dequantize(converted("openvino", precision) / "gpt_bigcode")
        assert len(weights) == 2 * 4 + 2  # four in each layer, and both embeddings
        with torch.no_grad():
            for name, values in weights.items():
                plain.model.get_parameter(name).copy_(torch.from_numpy(values))
        return plain

    return reference


def _dequantize(directory: Path) -> dict[str, Any]:
    """Return the weights that the graph computes from its integers."""
    import openvino

    core = openvino.Core()
    graph = core.read_model(directory / "openvino_model.xml")
    weights = {}
    for node in graph.get_ops():
        name = node.friendly_name
        if node.get_type_name() != "Constant" or not name.endswith(".weight"):
            continue
        if node.get_element_type().to_string() not in ("u8", "u4"):
            continue
        steps = [node]
        while steps:
            end = steps[0]
            steps = [
                target.get_node()
                for target in end.output(0).get_target_inputs()
                if target.get_node().get_type_name() in _DEQUANTIZING
            ]
        values = core.compile_model(openvino.Model([end.output(0)], []), "CPU", _F32)([])[0]
        weights[name.removeprefix("self.")] = values.copy()
    return weights


_DEQUANTIZING = {"Convert", "Subtract", "Multiply", "Reshape"}
_F32 = {"INFERENCE_PRECISION_HINT": "f32"}


@pytest.mark.parametrize("precision", ["int8", "int4"])
def test_integer_weights(
    precision: str, load: Load, dequantized: Callable[[str], Reference]
) -> None:
    """In f32, quantized weights give the same ids as the dequantized ones."""
    batch = prompts((1, 2, 30, 100, 112))
    expected = [dequantized(precision).complete(prompt, MAX_TOKENS) for prompt in batch]
    engine = load("openvino", "gpt_bigcode", weights=precision)
    assert [complete(engine, prompt, MAX_TOKENS) for prompt in batch] == expected


@pytest.mark.parametrize("precision", ["int8", "int4"])
def test_integer_weights_as_served(
    precision: str, load: Load, dequantized: Callable[[str], Reference]
) -> None:
    """The chosen token has a logit within 0.3 standard deviations of the largest.

    When served, activations and KV are int8 too, with an error of about 1/127 of the largest value
    of each group, and each kind of CPU sums in another order: among 49,280 random logits, whose
    largest are nearly equal, that decides at every tenth position (measured with AVX-512).
    """
    import torch

    engine = load("openvino", "gpt_bigcode", weights=precision, precision=precision)
    gaps = []
    for prompt in prompts((90, 100, 110)):
        with torch.inference_mode():
            logits = dequantized(precision).model(torch.tensor([prompt])).logits[0]
        for length in range(1, len(prompt)):
            here = logits[length - 1]
            (chosen,) = complete(engine, prompt[:length], 1)
            gaps.append(float((here.max() - here[chosen]) / here.std()))
    assert max(gaps) < 0.3
