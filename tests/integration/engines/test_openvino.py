"""OpenVINO GenAI: what the runtime relies on.

The embedded model shows that nothing changes a token; a tiny one how requests are scheduled.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from jupyter_safecoder.engines import (
    CandidateEngine,
    Engine,
    EngineOptions,
    EngineOutput,
    make_engine,
    openvino,
)
from jupyter_safecoder.engines.scripted import write_scripted_model
from jupyter_safecoder.errors import EngineError
from jupyter_safecoder.models import EMBEDDED, ModelDescription, resolve_model
from jupyter_safecoder.prompt import FAMILIES, Budget, build_prompt, stop_ids
from jupyter_safecoder.protocol import Cell, CompletionRequest
from jupyter_safecoder.telemetry import silence_telemetry
from tests.support.kv_cache import kv_cache_usage
from tests.support.tiny_gguf import write_tiny_gguf

FAMILY = FAMILIES["starcoder"]
TEXTS = ("import numpy as np\nnp.", "def add(a, b):\n    return ", "for i in range(10):\n    ")


@pytest.fixture(scope="module", autouse=True)
def environment() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as environment:
        for name in ("HF_HUB_OFFLINE", "HF_HUB_DISABLE_TELEMETRY", "TRANSFORMERS_OFFLINE"):
            environment.setenv(name, "1")
        silence_telemetry()
        # A small cache, which fills up: 4,096 tokens.
        environment.setattr(openvino, "_MAX_KV_BLOCKS", 128)
        yield


@pytest.fixture(scope="module")
def engine() -> Engine:
    return _load(resolve_model(EMBEDDED), EngineOptions(batch_invariant=True))


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    model = write_tiny_gguf(tmp_path_factory.mktemp("tiny"))
    return _load(model, EngineOptions(batch_invariant=True))


def _load(model: ModelDescription, options: EngineOptions) -> Engine:
    engine = make_engine("openvino", model, options)
    engine.load()
    return engine


def _prompt(engine: Engine, text: str, salt: str = "") -> list[int]:
    before = tuple(Cell("code", f"# {salt}\nvalue_{n} = compute({n}, {n})") for n in range(12))
    request = CompletionRequest(text, "\nprint(x)\n", before=before)
    return build_prompt(request, FAMILY, engine.tokenizer, Budget(2048, 256, 96), "context").ids


def _stop_ids(engine: Engine) -> list[int]:
    return stop_ids(FAMILY, engine.tokenizer)


class _Numbers:
    last = 1000


def _submit(engine: Engine, prompt: Sequence[int], max_tokens: int = 24) -> int:
    _Numbers.last += 1
    engine.submit(_Numbers.last, prompt, _stop_ids(engine), max_tokens)
    return _Numbers.last


def _run(engine: Engine, steps: int = 2000) -> dict[int, list[EngineOutput]]:
    outputs: dict[int, list[EngineOutput]] = {}
    for _ in range(steps):
        if not engine.busy():
            break
        for output in engine.step():
            outputs.setdefault(output.request, []).append(output)
    return outputs


def _ids(outputs: list[EngineOutput]) -> list[int]:
    return [i for output in outputs for i in output.ids]


def _complete(engine: Engine, prompt: Sequence[int], max_tokens: int = 24) -> list[EngineOutput]:
    number = _submit(engine, prompt, max_tokens)
    return _run(engine)[number]


def test_the_prefix_cache_changes_no_token(engine: Engine) -> None:
    prompt = _prompt(engine, TEXTS[0], "warm")
    cold = _ids(_complete(engine, prompt))
    assert len(cold) > 3
    assert _ids(_complete(engine, prompt)) == cold
    # One keystroke more, and deleted again.
    _complete(engine, _prompt(engine, TEXTS[0] + "a", "warm"))
    assert _ids(_complete(engine, prompt)) == cold


def test_candidates_are_the_most_probable_tokens_and_change_no_token(engine: Engine) -> None:
    assert isinstance(engine, CandidateEngine)
    assert engine.offers_candidates
    prompt = _prompt(engine, TEXTS[0], "candidates")
    before = _complete(engine, prompt)
    _Numbers.last += 1
    engine.submit_candidates(_Numbers.last, prompt, 4)
    ((output,),) = _run(engine).values()
    assert output.request == _Numbers.last
    assert (output.ids, output.finished) == ([], "length")
    assert output.candidates is not None
    first, *others = output.candidates
    assert before[0].logprobs is not None
    assert first.id == before[0].ids[0]
    assert first.logprob == pytest.approx(before[0].logprobs[0], abs=1e-3)
    assert len({one.id for one in output.candidates}) == 4
    logprobs = [one.logprob for one in output.candidates]
    assert logprobs == sorted(logprobs, reverse=True)
    # Each of them begins a completion of its own, and the best one is as it was.
    continued = _ids(_complete(engine, [*prompt, others[0].id], 8))
    assert continued
    assert _ids(_complete(engine, prompt)) == _ids(before)


def test_a_request_for_candidates_can_be_cancelled_and_refused(tiny: Engine) -> None:
    assert isinstance(tiny, CandidateEngine)
    tiny.submit_candidates(_Numbers.last + 1, [5] * 40, 3)
    tiny.cancel(_Numbers.last + 1)
    tiny.submit_candidates(_Numbers.last + 2, [5] * 10_000, 3)
    tiny.submit_candidates(_Numbers.last + 3, [5] * 40, 3)
    _Numbers.last += 3
    outputs = _run(tiny)
    assert sorted(outputs) == [_Numbers.last - 1, _Numbers.last]
    assert outputs[_Numbers.last - 1][0].finished == "refused"
    assert len(outputs[_Numbers.last][0].candidates or ()) == 3
    assert not tiny.busy()


def test_with_proposed_tokens_there_are_no_candidates() -> None:
    options = EngineOptions(lookup_tokens=2)
    engine = make_engine("openvino", resolve_model(EMBEDDED), options)
    assert isinstance(engine, CandidateEngine)
    assert not engine.offers_candidates


def test_a_batch_changes_no_token(engine: Engine) -> None:
    prompts = [_prompt(engine, text, "batch") for text in TEXTS]
    alone = [_ids(_complete(engine, prompt)) for prompt in prompts]
    numbers = [_submit(engine, prompt) for prompt in prompts]
    together = _run(engine)
    assert [_ids(together[number]) for number in numbers] == alone


def test_prompt_lookup_changes_no_token(engine: Engine) -> None:
    speculative = _load(resolve_model(EMBEDDED), EngineOptions(lookup_tokens=2))
    steps = 0
    for text in TEXTS:
        # Repetitions, so that proposals are right.
        prompt = _prompt(engine, f"{text}{text}{text}", "again")
        outputs = _complete(speculative, prompt, 48)
        assert _ids(outputs) == _ids(_complete(engine, prompt, 48))
        steps += len(_ids(outputs)) - len(outputs)
    assert steps > 0  # tokens that cost no step of their own


def test_a_stop_token_ends_the_completion_and_is_not_among_its_ids(engine: Engine) -> None:
    stops = set(_stop_ids(engine))
    reasons = set()
    for text in (*TEXTS, "x = 1", "print('done'", "import pandas as pd", "y = (1 + 2"):
        outputs = _complete(engine, _prompt(engine, text), 64)
        assert not stops & set(_ids(outputs))
        assert [o.finished for o in outputs[:-1]] == [None] * (len(outputs) - 1)
        reasons.add(outputs[-1].finished)
    assert "end" in reasons


def test_each_token_has_a_log_probability(engine: Engine) -> None:
    for text in (*TEXTS, "import pandas as pd"):
        for output in _complete(engine, _prompt(engine, text), 12):
            assert output.logprobs is not None
            assert len(output.logprobs) == len(output.ids)
            assert all(logprob < 0 for logprob in output.logprobs)
    sure = _complete(engine, _prompt(engine, "import matplotlib.py"), 1)[0].logprobs
    unsure = _complete(engine, _prompt(engine, "x = "), 1)[0].logprobs
    assert sure is not None
    assert unsure is not None
    assert sure[0] > unsure[0]


def test_max_tokens_is_exact(tiny: Engine) -> None:
    outputs = _complete(tiny, _prompt(tiny, TEXTS[2]), 5)
    assert outputs[-1].finished == "length"
    assert len(_ids(outputs)) == 5


def test_a_keystroke_overtakes_a_long_prompt_and_decoding_goes_on(tiny: Engine) -> None:
    keystroke = _prompt(tiny, TEXTS[1], "keystroke")
    _complete(tiny, keystroke, 1)
    decoding = _submit(tiny, _prompt(tiny, TEXTS[2], "decoding"), 40)
    tiny.step()
    long = _submit(tiny, [50 + n % 7 for n in range(1500)], 4)
    tiny.step()  # its first chunk
    typed = _submit(tiny, keystroke, 4)
    first: dict[int, int] = {}
    decoded = 0
    for step in range(200):
        for output in tiny.step():
            first.setdefault(output.request, step)
            if output.request == decoding and long not in first:
                decoded += len(output.ids)
        if not tiny.busy():
            break
    assert first[typed] <= 2 < first[long]
    assert decoded >= 4  # a token between two chunks


def test_cancelling_in_the_middle_of_a_long_prompt_keeps_what_is_computed(tiny: Engine) -> None:
    long = [60 + n % 5 for n in range(1500)]
    cancelled = _submit(tiny, long, 4)
    for _ in range(4):
        assert tiny.step() == []
    tiny.cancel(cancelled)
    assert _run(tiny) == {}
    steps = 0
    again = _submit(tiny, long, 4)
    while not tiny.step():
        steps += 1
    assert steps == 1  # 1,500 tokens are six steps, four of which were done
    assert len(_ids(_run(tiny)[again])) == 3


def test_a_cancelled_request_frees_its_blocks_and_others_go_on(tiny: Engine) -> None:
    _run(tiny)
    idle = kv_cache_usage(tiny)
    # Far from a tie between two tokens, which the rounding of a batch could decide.
    text = TEXTS[2]
    expected = _ids(_complete(tiny, _prompt(tiny, text, "stays"), 40))
    cancelled = [_submit(tiny, _prompt(tiny, TEXTS[0], f"cancelled {n}"), 400) for n in range(3)]
    stays = _submit(tiny, _prompt(tiny, text, "stays"), 40)
    outputs = _run(tiny, 12)
    used = kv_cache_usage(tiny)
    assert used > idle
    for number in cancelled:
        tiny.cancel(number)
    later = _run(tiny)
    assert not set(cancelled) & set(later)
    assert _ids(outputs.get(stays, []) + later[stays]) == expected
    assert not tiny.busy()
    tiny.step()
    assert kv_cache_usage(tiny) == idle == 0


@pytest.mark.parametrize("steps", [1, 2, 3])
def test_a_prompt_that_continues_a_cancelled_request(engine: Engine, steps: int) -> None:
    prompt = _prompt(engine, "def mean(rows):\n    return", f"continued {steps}")
    cancelled = _submit(engine, prompt)
    written = _ids(_run(engine, steps)[cancelled])
    engine.cancel(cancelled)
    longer = [*prompt, *written, *engine.tokenizer.encode(" / len(")]
    # The same text, from the next step on, and without the cancelled request.
    found = _ids(_complete(engine, longer, 8))
    assert found == _ids(_complete(engine, longer, 8))
    assert _run(engine) == {}


def test_cancelling_the_last_one_frees_it_too(tiny: Engine) -> None:
    _run(tiny)
    assert kv_cache_usage(tiny) == 0
    number = _submit(tiny, _prompt(tiny, TEXTS[0], "last"), 400)
    _run(tiny, 8)
    assert kv_cache_usage(tiny) > 0
    tiny.cancel(number)
    assert tiny.busy()  # another step frees the blocks
    assert _run(tiny) == {}
    tiny.step()  # its metrics are those of before the blocks were freed
    assert kv_cache_usage(tiny) == 0


@pytest.mark.parametrize("length", [0, 4096, 8192, 200_000])
def test_a_prompt_that_can_never_fit_is_refused(tiny: Engine, length: int) -> None:
    other = _submit(tiny, _prompt(tiny, TEXTS[0]), 4)
    number = _submit(tiny, [40] * length)
    outputs = _run(tiny)
    assert outputs[number] == [EngineOutput(number, [], "refused")]
    assert len(_ids(outputs[other])) == 4


def test_a_refused_request_can_be_cancelled(tiny: Engine) -> None:
    number = _submit(tiny, [40] * 20_000)
    tiny.cancel(number)
    assert number not in _run(tiny)


def test_requests_that_exceed_the_cache_together_all_complete(tiny: Engine) -> None:
    """Three prompts of 1,500 tokens in a cache of 4,096 run one after the other."""
    numbers = [_submit(tiny, [40 + n] * 1500, 4) for n in range(3)]
    outputs = _run(tiny)
    assert [len(_ids(outputs[number])) for number in numbers] == [4, 4, 4]


def test_a_file_that_is_not_a_model(tmp_path: Path) -> None:
    description = resolve_model(str(write_scripted_model(tmp_path / "model", {})))
    model = replace(description, tokenizer=resolve_model(EMBEDDED).tokenizer)
    with pytest.raises(EngineError, match="could not load") as raised:
        make_engine("openvino", model, EngineOptions()).load()
    assert raised.value.remedy
