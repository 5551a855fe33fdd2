"""The transformers engine on the CPU: slots, pieces, prefix reuse, lookup, and what cannot load."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from jupyter_safecoder.engines import EngineOptions, EngineOutput, transformers
from jupyter_safecoder.engines.prompt_lookup import propose_from_prompt
from jupyter_safecoder.engines.slots.batching import PIECE, PromptChunk
from jupyter_safecoder.engines.transformers import TransformersEngine
from jupyter_safecoder.errors import EngineError
from jupyter_safecoder.models import EMBEDDED, ModelDescription, resolve_model
from tests.support.tiny_checkpoints import (
    Reference,
    answer,
    answers,
    ids_of,
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


def _watch(engine: TransformersEngine, monkeypatch: pytest.MonkeyPatch) -> list[list[PromptChunk]]:
    """Return a list that each pass is added to."""
    passes: list[list[PromptChunk]] = []
    compute = engine.compute

    def watched(pieces: Any) -> list[list[int]]:
        passes.append(list(pieces))
        return compute(pieces)

    monkeypatch.setattr(engine, "compute", watched)
    return passes


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> ModelDescription:
    # Learned positions end with a model's; these have no end, so that prompts can be long.
    model = write_tiny(tmp_path_factory.mktemp("model") / "llama", "llama")
    return replace(model, context_window=2048)


@pytest.fixture
def engine(model: ModelDescription) -> TransformersEngine:
    return _load(model)


@pytest.mark.parametrize(
    ("ids", "most", "guess"),
    [
        ([], 4, []),
        ([1], 4, []),
        ([1, 2, 3], 4, []),
        ([1, 2, 9, 2], 4, []),  # one token alone says too little
        ([1, 2, 3, 4, 1, 2], 4, [3, 4, 1, 2]),
        ([1, 2, 3, 4, 1, 2], 1, [3]),
        ([1, 2, 3, 1, 2, 4, 1, 2], 1, [4]),  # the latest of equal ones
        ([7, 1, 2, 3, 8, 1, 2, 4, 7, 1, 2], 1, [3]),  # the longest one before the latest
        ([5, 5, 5, 5], 3, [5]),
    ],
)
def test_lookup(ids: list[int], most: int, guess: list[int]) -> None:
    assert propose_from_prompt(ids, most) == guess


@pytest.mark.parametrize("architecture", ["mistral", "qwen2", "gemma", "granite"])
def test_other_architectures(architecture: str, tmp_path: Path) -> None:
    model = write_tiny(tmp_path / "model", architecture)
    reference, engine = Reference(model.weights), _load(model)
    asked = prompts((1, 9, 60, 200))
    expected = [reference.answer(prompt, 16) for prompt in asked]
    assert len({i for ids in expected for i in ids}) > 20
    assert answers(engine, asked, 16) == expected


@pytest.mark.parametrize("architecture", ["gpt_bigcode", "starcoder2"])
def test_passes_of_fixed_shapes(architecture: str, tmp_path: Path) -> None:
    """What is recorded as a graph on CUDA; here a replay is the computation itself."""
    model = write_tiny(tmp_path / "model", architecture)
    options = replace(CPU, lookup_tokens=4)
    engine, fixed = _load(model, options), _load(model, options)
    fixed._pass._capture = lambda compute: compute
    window = model.context_window
    asked = prompts((1, 5, 60, window - 16, window))
    assert answers(fixed, asked, 16) == answers(engine, asked, 16)
    assert len(fixed._pass._recorded) == 2


def test_an_end_token_ends_and_is_not_among_the_ids(engine: TransformersEngine) -> None:
    (prompt,) = prompts((20,))
    expected = answer(engine, prompt, 20)
    end = expected[7]
    number = submit(engine, prompt, 20, [end])
    outputs = run(engine)[number]
    assert ids_of(outputs) == expected[: expected.index(end)]
    assert [output.finished for output in outputs[:-1]] == [None] * (len(outputs) - 1)
    assert outputs[-1].finished == "end"


def test_the_cap_and_the_windows_end(engine: TransformersEngine) -> None:
    for length, most, given in ((20, 5, 5), (2040, 99, 9), (2048, 99, 1)):
        number = submit(engine, prompts((length,))[0], most)
        outputs = run(engine)[number]
        assert outputs[-1].finished == "length"
        assert len(ids_of(outputs)) == given


@pytest.mark.parametrize("length", [0, 2049, 100_000])
def test_a_prompt_that_can_never_fit_is_refused(engine: TransformersEngine, length: int) -> None:
    number, gone = submit(engine, [4] * length, 4), submit(engine, [4] * length, 4)
    engine.cancel(gone)
    assert run(engine) == {number: [EngineOutput(number, [], "refused")]}


def test_more_requests_than_slots_take_turns_in_order(engine: TransformersEngine) -> None:
    asked = prompts([30] * 7)
    alone = [answer(engine, prompt, 6) for prompt in asked]
    numbers = [submit(engine, prompt, 6) for prompt in asked]
    outputs = run(engine)
    assert [ids_of(outputs[number]) for number in numbers] == alone
    assert list(outputs) == numbers


def test_who_decodes_goes_through_the_model_together(
    engine: TransformersEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    passes = _watch(engine, monkeypatch)
    answers(engine, prompts((5, 6, 7, 8)), 10)
    assert [len(pieces) for pieces in passes] == [4] * 10


def test_a_long_prompt_is_computed_in_pieces_while_others_go_on(
    engine: TransformersEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    short, long = prompts((8, 1000))
    alone = answer(engine, short, 12), answer(engine, long, 3)
    engine = _load(engine._model)
    first = submit(engine, short, 12)
    engine.step()
    second = submit(engine, long, 3)
    passes = _watch(engine, monkeypatch)
    for _ in range(4):
        assert first in {output.request for output in engine.step()}
    assert [sum(len(p.ids) for p in pieces) for pieces in passes] == [1, PIECE] * 3 + [1, 232]
    outputs = run(engine)
    assert len(ids_of(outputs[second])) == 2  # the last piece gave the first one
    assert (answer(engine, short, 12), answer(engine, long, 3)) == alone


def test_only_what_is_new_is_computed(
    engine: TransformersEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    (prompt,) = prompts((300,))
    passes = _watch(engine, monkeypatch)
    answer(engine, prompt, 4)
    for typed in ([*prompt, 5], [*prompt, 5, 6], prompt[:200], prompt):
        passes.clear()
        answer(engine, typed, 1)
        # At least a token is computed; what the slot held behind it is void from then on.
        assert passes[0][0].start == {301: 300, 302: 301, 200: 199, 300: 200}[len(typed)]


def test_a_new_prompt_takes_the_slot_that_was_idle_longest(
    engine: TransformersEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = prompts([100] * 4)
    for prompt in people:
        answer(engine, prompt, 2)
    answer(engine, people[0], 2)
    # It begins as people[2] does, but for less than is worth a slot.
    answer(engine, people[2][:5] + prompts((90,))[0], 2)
    passes = _watch(engine, monkeypatch)
    starts = {}
    for person in (0, 2, 3, 1):
        passes.clear()
        answer(engine, people[person], 1)
        starts[person] = passes[0][0].start
    assert starts == {0: 99, 2: 99, 3: 99, 1: 0}


def test_cancelling_frees_at_once(engine: TransformersEngine) -> None:
    asked = prompts((300, 20, 20, 20, 20))
    expected = answer(engine, asked[4], 5)
    running = [submit(engine, prompt, 50) for prompt in asked[:4]]
    waiting = submit(engine, asked[4], 5)
    for _ in range(3):
        engine.step()
    assert engine.cache_use() > 0
    engine.cancel(running[1])
    assert waiting in {output.request for _ in range(3) for output in engine.step()}
    for number in (*running, 12345):
        engine.cancel(number)
    later = run(engine)
    assert set(later) == {waiting}
    assert engine.cache_use() == 0
    assert answer(engine, asked[4], 5) == expected


def test_two_models_never_share(model: ModelDescription, tmp_path: Path) -> None:
    """A merged adapter is a model of its own, with an engine of its own."""
    other = replace(write_tiny(tmp_path / "merged", "llama", seed=1), context_window=2048)
    base, merged = _load(model), _load(other)
    (prompt,) = prompts((120,))
    expected = [Reference(one.weights).answer(prompt, 12) for one in (model, other)]
    assert expected[0] != expected[1]
    for _ in range(2):
        assert [answer(engine, prompt, 12) for engine in (base, merged)] == expected


@pytest.fixture
def spoiled(tmp_path: Path) -> ModelDescription:
    return write_tiny(tmp_path / "model", "llama")


def _refused(model: ModelDescription, options: EngineOptions = CPU) -> str:
    with pytest.raises(EngineError) as raised:
        _load(model, options)
    assert raised.value.remedy.endswith(".")
    return raised.value.reason


def test_missing_tensors(spoiled: ModelDescription) -> None:
    from safetensors.torch import load_file, save_file

    path = spoiled.weights / "model.safetensors"
    tensors = load_file(path)
    del tensors["model.layers.1.mlp.up_proj.weight"]
    save_file(tensors, path, {"format": "pt"})
    assert "1 of its tensors are missing, among them model.layers.1.mlp.up" in _refused(spoiled)


def test_tensors_of_another_shape(spoiled: ModelDescription) -> None:
    path = spoiled.weights / "config.json"
    path.write_text(path.read_text().replace('"intermediate_size": 128', '"intermediate_size": 96'))
    assert "could not load model" in _refused(spoiled)


def test_a_corrupt_file(spoiled: ModelDescription) -> None:
    path = spoiled.weights / "model.safetensors"
    path.write_bytes(path.read_bytes()[:1000])
    assert "could not load model" in _refused(spoiled)


def test_pickle_is_never_read(spoiled: ModelDescription) -> None:
    (spoiled.weights / "model.safetensors").rename(spoiled.weights / "pytorch_model.bin")
    assert "could not load model" in _refused(spoiled)


def test_an_unknown_architecture(spoiled: ModelDescription) -> None:
    path = spoiled.weights / "config.json"
    path.write_text(path.read_text().replace('"llama"', '"alpaca"'))
    assert "alpaca" in _refused(spoiled)


def test_no_directory(tmp_path: Path) -> None:
    missing = replace(resolve_model(EMBEDDED), weights=tmp_path / "nowhere")
    assert "could not load" in _refused(missing)


@pytest.mark.parametrize("device", ["cuda:7", "mps", "abacus"])
def test_a_device_that_is_not_there(model: ModelDescription, device: str) -> None:
    assert repr(device) in _refused(model, replace(CPU, device=device))


def test_a_precision_that_it_has_not(model: ModelDescription) -> None:
    assert "int8" in _refused(model, replace(CPU, precision="int8"))


def test_bf16(model: ModelDescription) -> None:
    engine = _load(model, replace(CPU, precision="bf16"))
    assert len(answer(engine, prompts((300,))[0], 8)) == 8


def test_too_little_memory(model: ModelDescription, monkeypatch: pytest.MonkeyPatch) -> None:
    # More positions than a process can address.
    monkeypatch.setattr(transformers, "_SLOT_TOKENS", 1 << 42)
    reason = _refused(replace(model, context_window=1 << 42))
    assert "memory of cpu" in reason
    assert "GB are free" in reason
