"""The transformers engine on the CPU: slots, chunks, prefix reuse, and what cannot be loaded."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from jupyter_safecoder.engines import EngineOptions, EngineOutput, transformers
from jupyter_safecoder.engines.slots.batching import PREFILL_CHUNK, Prediction, PromptChunk
from jupyter_safecoder.engines.transformers import TransformersEngine
from jupyter_safecoder.errors import EngineError
from jupyter_safecoder.models import EMBEDDED, ModelDescription, resolve_model
from tests.support.kv_cache import kv_cache_usage
from tests.support.tiny_checkpoints import (
    Reference,
    complete,
    complete_all,
    ids_of,
    logprobs_of,
    prompts,
    run,
    submit,
    write_tiny,
)

CPU = EngineOptions(device="cpu")


def _load(model: ModelDescription, options: EngineOptions = CPU) -> TransformersEngine:
    engine = TransformersEngine(model, options)
    engine.load()
    return engine


def _record_passes(
    engine: TransformersEngine, monkeypatch: pytest.MonkeyPatch
) -> list[list[PromptChunk]]:
    """Return a list to which the chunks of each pass are added."""
    passes: list[list[PromptChunk]] = []
    compute = engine.compute

    def record(chunks: Any) -> list[list[Prediction]]:
        passes.append(list(chunks))
        return compute(chunks)

    monkeypatch.setattr(engine, "compute", record)
    return passes


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> ModelDescription:
    # Rotary positions are not limited to those of the configuration, so prompts can be long.
    model = write_tiny(tmp_path_factory.mktemp("model") / "llama", "llama")
    return replace(model, context_window=2048)


@pytest.fixture
def engine(model: ModelDescription) -> TransformersEngine:
    return _load(model)


@pytest.mark.parametrize("architecture", ["mistral", "qwen2", "qwen3", "gemma", "granite"])
def test_other_architectures(architecture: str, tmp_path: Path) -> None:
    model = write_tiny(tmp_path / "model", architecture)
    reference, engine = Reference(model.weights), _load(model)
    batch = prompts((1, 9, 60, 200))
    expected = [reference.complete(prompt, 16) for prompt in batch]
    assert len({i for ids in expected for i in ids}) > 20
    assert complete_all(engine, batch, 16) == expected


@pytest.mark.parametrize("architecture", ["granite", "llama"])
@pytest.mark.parametrize("fixed_shapes", [False, True])
def test_log_probabilities(architecture: str, fixed_shapes: bool, tmp_path: Path) -> None:
    """Granite divides its logits by a number of its own."""
    model = write_tiny(tmp_path / "model", architecture)
    reference, engine = Reference(model.weights), _load(model)
    if fixed_shapes:
        engine._forward._capture = lambda compute: compute
    (prompt,) = prompts((20,))
    number = submit(engine, prompt, 16)
    outputs = run(engine)[number]
    expected = reference.logprobs(prompt, ids_of(outputs))
    assert logprobs_of(outputs) == pytest.approx(expected, abs=1e-3)


@pytest.mark.parametrize("architecture", ["gpt_bigcode", "starcoder2"])
def test_graphs_of_fixed_shapes(architecture: str, tmp_path: Path) -> None:
    """On CUDA passes are recorded as graphs; here a replay is the computation itself."""
    model = write_tiny(tmp_path / "model", architecture)
    options = replace(CPU, lookup_tokens=4)
    engine, fixed = _load(model, options), _load(model, options)
    fixed._forward._capture = lambda compute: compute
    window = model.context_window
    batch = prompts((1, 5, 60, window - 16, window))
    assert complete_all(fixed, batch, 16) == complete_all(engine, batch, 16)
    assert len(fixed._forward._graphs) == 2


def test_a_stop_token_ends_the_completion_and_is_not_among_its_ids(
    engine: TransformersEngine,
) -> None:
    (prompt,) = prompts((20,))
    expected = complete(engine, prompt, 20)
    stop = expected[7]
    number = submit(engine, prompt, 20, [stop])
    outputs = run(engine)[number]
    assert ids_of(outputs) == expected[: expected.index(stop)]
    assert [output.finished for output in outputs[:-1]] == [None] * (len(outputs) - 1)
    assert outputs[-1].finished == "end"


def test_max_tokens_and_the_end_of_the_window(engine: TransformersEngine) -> None:
    for length, max_tokens, generated in ((20, 5, 5), (2040, 99, 9), (2048, 99, 1)):
        number = submit(engine, prompts((length,))[0], max_tokens)
        outputs = run(engine)[number]
        assert outputs[-1].finished == "length"
        assert len(ids_of(outputs)) == generated


@pytest.mark.parametrize("length", [0, 2049, 100_000])
def test_a_prompt_that_can_never_fit_is_load_error(engine: TransformersEngine, length: int) -> None:
    number, cancelled = (submit(engine, [4] * length, 4) for _ in range(2))
    engine.cancel(cancelled)
    assert run(engine) == {number: [EngineOutput(number, [], "refused")]}


def test_more_requests_than_slots_run_in_order(engine: TransformersEngine) -> None:
    batch = prompts([30] * 7)
    alone = [complete(engine, prompt, 6) for prompt in batch]
    numbers = [submit(engine, prompt, 6) for prompt in batch]
    outputs = run(engine)
    assert [ids_of(outputs[number]) for number in numbers] == alone
    assert list(outputs) == numbers


def test_requests_that_decode_are_computed_in_one_pass(
    engine: TransformersEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    passes = _record_passes(engine, monkeypatch)
    complete_all(engine, prompts((5, 6, 7, 8)), 10)
    assert [len(chunks) for chunks in passes] == [4] * 10


def test_a_long_prompt_is_computed_in_chunks_while_others_decode(
    engine: TransformersEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    short, long = prompts((8, 1000))
    alone = complete(engine, short, 12), complete(engine, long, 3)
    engine = _load(engine._description)
    first = submit(engine, short, 12)
    engine.step()
    second = submit(engine, long, 3)
    passes = _record_passes(engine, monkeypatch)
    for _ in range(4):
        assert first in {output.request for output in engine.step()}
    assert [sum(len(c.ids) for c in chunks) for chunks in passes] == [
        *([1, PREFILL_CHUNK] * 3),
        *(1, 232),
    ]
    outputs = run(engine)
    assert len(ids_of(outputs[second])) == 2  # the last chunk gave the first one
    assert (complete(engine, short, 12), complete(engine, long, 3)) == alone


def test_only_new_tokens_are_computed(
    engine: TransformersEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    (prompt,) = prompts((300,))
    passes = _record_passes(engine, monkeypatch)
    complete(engine, prompt, 4)
    for typed in ([*prompt, 5], [*prompt, 5, 6], prompt[:200], prompt):
        passes.clear()
        complete(engine, typed, 1)
        # At least one token is computed; the KV after it is invalid from then on.
        assert passes[0][0].start == {301: 300, 302: 301, 200: 199, 300: 200}[len(typed)]


def test_a_new_prompt_takes_the_least_recently_used_slot(
    engine: TransformersEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    documents = prompts([100] * 4)
    for prompt in documents:
        complete(engine, prompt, 2)
    complete(engine, documents[0], 2)
    # It shares fewer tokens with documents[2] than make a slot worth keeping.
    complete(engine, documents[2][:5] + prompts((90,))[0], 2)
    passes = _record_passes(engine, monkeypatch)
    starts = {}
    for number in (0, 2, 3, 1):
        passes.clear()
        complete(engine, documents[number], 1)
        starts[number] = passes[0][0].start
    assert starts == {0: 99, 2: 99, 3: 99, 1: 0}


def test_cancelling_frees_at_once(engine: TransformersEngine) -> None:
    batch = prompts((300, 20, 20, 20, 20))
    expected = complete(engine, batch[4], 5)
    running = [submit(engine, prompt, 50) for prompt in batch[:4]]
    waiting = submit(engine, batch[4], 5)
    for _ in range(3):
        engine.step()
    assert kv_cache_usage(engine) > 0
    engine.cancel(running[1])
    assert waiting in {output.request for _ in range(3) for output in engine.step()}
    for number in (*running, 12345):
        engine.cancel(number)
    later = run(engine)
    assert set(later) == {waiting}
    assert kv_cache_usage(engine) == 0
    assert complete(engine, batch[4], 5) == expected


def test_two_models_never_share(model: ModelDescription, tmp_path: Path) -> None:
    """A merged adapter is a model of its own, with an engine of its own."""
    other = replace(write_tiny(tmp_path / "merged", "llama", seed=1), context_window=2048)
    base, merged = _load(model), _load(other)
    (prompt,) = prompts((120,))
    expected = [Reference(one.weights).complete(prompt, 12) for one in (model, other)]
    assert expected[0] != expected[1]
    for _ in range(2):
        assert [complete(engine, prompt, 12) for engine in (base, merged)] == expected


@pytest.fixture
def damaged(tmp_path: Path) -> ModelDescription:
    return write_tiny(tmp_path / "model", "llama")


def _load_error(model: ModelDescription, options: EngineOptions = CPU) -> str:
    with pytest.raises(EngineError) as raised:
        _load(model, options)
    assert raised.value.remedy.endswith(".")
    return raised.value.reason


def test_missing_tensors(damaged: ModelDescription) -> None:
    from safetensors.torch import load_file, save_file

    path = damaged.weights / "model.safetensors"
    tensors = load_file(path)
    del tensors["model.layers.1.mlp.up_proj.weight"]
    save_file(tensors, path, {"format": "pt"})
    assert "1 of its tensors are missing, among them model.layers.1.mlp.up" in _load_error(damaged)


def test_tensors_of_another_shape(damaged: ModelDescription) -> None:
    path = damaged.weights / "config.json"
    path.write_text(path.read_text().replace('"intermediate_size": 128', '"intermediate_size": 96'))
    assert "could not load model" in _load_error(damaged)


def test_a_corrupt_file(damaged: ModelDescription) -> None:
    path = damaged.weights / "model.safetensors"
    path.write_bytes(path.read_bytes()[:1000])
    assert "could not load model" in _load_error(damaged)


def test_pickle_is_never_read(damaged: ModelDescription) -> None:
    (damaged.weights / "model.safetensors").rename(damaged.weights / "pytorch_model.bin")
    assert "could not load model" in _load_error(damaged)


def test_an_unknown_architecture(damaged: ModelDescription) -> None:
    path = damaged.weights / "config.json"
    path.write_text(path.read_text().replace('"llama"', '"alpaca"'))
    assert "alpaca" in _load_error(damaged)


def test_no_directory(tmp_path: Path) -> None:
    missing = replace(resolve_model(EMBEDDED), weights=tmp_path / "nowhere")
    assert "could not load" in _load_error(missing)


@pytest.mark.parametrize("device", ["cuda:7", "mps", "abacus"])
def test_a_device_that_does_not_exist(model: ModelDescription, device: str) -> None:
    assert repr(device) in _load_error(model, replace(CPU, device=device))


def test_a_precision_that_is_not_supported(model: ModelDescription) -> None:
    assert "int8" in _load_error(model, replace(CPU, precision="int8"))


def test_bf16(model: ModelDescription) -> None:
    engine = _load(model, replace(CPU, precision="bf16"))
    assert len(complete(engine, prompts((300,))[0], 8)) == 8


def test_too_little_memory(model: ModelDescription, monkeypatch: pytest.MonkeyPatch) -> None:
    # More positions than a process can address.
    monkeypatch.setattr(transformers, "_SLOT_TOKENS", 1 << 42)
    reason = _load_error(replace(model, context_window=1 << 42))
    assert "memory of cpu" in reason
    assert "GB are free" in reason
