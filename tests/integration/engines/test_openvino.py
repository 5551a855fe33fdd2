"""OpenVINO GenAI with the embedded model: what the runtime relies on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from jupyter_safecoder.engines import Engine, EngineOptions, EngineOutput, make_engine, openvino
from jupyter_safecoder.engines.scripted import write_scripted_model
from jupyter_safecoder.errors import EngineError
from jupyter_safecoder.models import EMBEDDED, resolve_model
from jupyter_safecoder.prompt import FAMILIES, Budget, build_prompt, stop_ids
from jupyter_safecoder.protocol import Cell, CompletionRequest
from jupyter_safecoder.telemetry import silence_telemetry
from tests.support.kv_cache import kv_cache_usage

FAMILY = FAMILIES["starcoder"]
TEXTS = ("import numpy as np\nnp.", "def add(a, b):\n    return ", "for i in range(10):\n    ")


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with pytest.MonkeyPatch.context() as environment:
        for name in ("HF_HUB_OFFLINE", "HF_HUB_DISABLE_TELEMETRY", "TRANSFORMERS_OFFLINE"):
            environment.setenv(name, "1")
        silence_telemetry()
        # A small cache, which fills up: 2,048 tokens.
        environment.setattr(openvino, "_MAX_KV_BLOCKS", 64)
        options = EngineOptions(batch_invariant=True)
        engine = make_engine("openvino", resolve_model(EMBEDDED), options)
        engine.load()
        yield engine


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


def test_a_batch_changes_no_token(engine: Engine) -> None:
    prompts = [_prompt(engine, text, "batch") for text in TEXTS]
    alone = [_ids(_complete(engine, prompt)) for prompt in prompts]
    numbers = [_submit(engine, prompt) for prompt in prompts]
    together = _run(engine)
    assert [_ids(together[number]) for number in numbers] == alone


def test_prompt_lookup_changes_no_token(engine: Engine) -> None:
    speculative = make_engine("openvino", resolve_model(EMBEDDED), EngineOptions(lookup_tokens=2))
    speculative.load()
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


def test_max_tokens_is_exact(engine: Engine) -> None:
    outputs = _complete(engine, _prompt(engine, TEXTS[2]), 5)
    assert outputs[-1].finished == "length"
    assert len(_ids(outputs)) == 5


def test_a_keystroke_overtakes_a_long_prompt_and_decoding_goes_on(engine: Engine) -> None:
    keystroke = _prompt(engine, TEXTS[1], "keystroke")
    _complete(engine, keystroke, 1)
    decoding = _submit(engine, _prompt(engine, TEXTS[2], "decoding"), 40)
    engine.step()
    long = _submit(engine, [50 + n % 7 for n in range(1500)], 4)
    engine.step()  # its first chunk
    typed = _submit(engine, keystroke, 4)
    first: dict[int, int] = {}
    decoded = 0
    for step in range(200):
        for output in engine.step():
            first.setdefault(output.request, step)
            if output.request == decoding and long not in first:
                decoded += len(output.ids)
        if not engine.busy():
            break
    assert first[typed] <= 2 < first[long]
    assert decoded >= 4  # a token between two chunks


def test_cancelling_in_the_middle_of_a_long_prompt_keeps_what_is_computed(engine: Engine) -> None:
    long = [60 + n % 5 for n in range(1500)]
    cancelled = _submit(engine, long, 4)
    for _ in range(4):
        assert engine.step() == []
    engine.cancel(cancelled)
    assert _run(engine) == {}
    steps = 0
    again = _submit(engine, long, 4)
    while not engine.step():
        steps += 1
    assert steps == 1  # 1,500 tokens are six steps, four of which were done
    assert len(_ids(_run(engine)[again])) == 3


def test_a_cancelled_request_frees_its_blocks_and_others_go_on(engine: Engine) -> None:
    _run(engine)
    idle = kv_cache_usage(engine)
    # Far from a tie between two tokens, which the rounding of a batch could decide.
    text = TEXTS[2]
    expected = _ids(_complete(engine, _prompt(engine, text, "stays"), 40))
    cancelled = [
        _submit(engine, _prompt(engine, TEXTS[0], f"cancelled {n}"), 400) for n in range(3)
    ]
    stays = _submit(engine, _prompt(engine, text, "stays"), 40)
    outputs = _run(engine, 12)
    used = kv_cache_usage(engine)
    assert used > idle
    for number in cancelled:
        engine.cancel(number)
    later = _run(engine)
    assert not set(cancelled) & set(later)
    assert _ids(outputs.get(stays, []) + later[stays]) == expected
    assert not engine.busy()
    engine.step()
    assert kv_cache_usage(engine) == idle == 0


def test_cancelling_the_last_one_frees_it_too(engine: Engine) -> None:
    _run(engine)
    assert kv_cache_usage(engine) == 0
    number = _submit(engine, _prompt(engine, TEXTS[0], "last"), 400)
    _run(engine, 8)
    assert kv_cache_usage(engine) > 0
    engine.cancel(number)
    assert engine.busy()  # another step frees the blocks
    assert _run(engine) == {}
    engine.step()  # its metrics are those of before the blocks were freed
    assert kv_cache_usage(engine) == 0


@pytest.mark.parametrize("length", [0, 2048, 8192, 200_000])
def test_a_prompt_that_can_never_fit_is_refused(engine: Engine, length: int) -> None:
    other = _submit(engine, _prompt(engine, TEXTS[0]), 4)
    number = _submit(engine, [40] * length)
    outputs = _run(engine)
    assert outputs[number] == [EngineOutput(number, [], "refused")]
    assert len(_ids(outputs[other])) == 4


def test_a_refused_request_can_be_cancelled(engine: Engine) -> None:
    number = _submit(engine, [40] * 20_000)
    engine.cancel(number)
    assert number not in _run(engine)


def test_requests_that_exceed_the_cache_together_all_complete(engine: Engine) -> None:
    """Three prompts of 750 tokens in a cache of 2,048 run one after the other."""
    numbers = [_submit(engine, [40 + n] * 750, 4) for n in range(3)]
    outputs = _run(engine)
    assert [len(_ids(outputs[number])) for number in numbers] == [4, 4, 4]


def test_a_file_that_is_not_a_model(tmp_path: Path) -> None:
    description = resolve_model(str(write_scripted_model(tmp_path / "model", {})))
    model = replace(description, tokenizer=resolve_model(EMBEDDED).tokenizer)
    with pytest.raises(EngineError, match="could not load") as raised:
        make_engine("openvino", model, EngineOptions()).load()
    assert raised.value.remedy
