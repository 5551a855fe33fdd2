"""The scripted engine follows its script."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from jupyter_safecoder.engines import (
    Candidate,
    CandidateEngine,
    Engine,
    EngineOptions,
    EngineOutput,
    make_engine,
)
from jupyter_safecoder.engines.scripted import write_scripted_model
from jupyter_safecoder.errors import EngineError
from jupyter_safecoder.models import resolve_model, verify_files
from tests.support.processes import run_python


def _engine(directory: Path, script: dict[str, Any]) -> Engine:
    model = resolve_model(str(write_scripted_model(directory / "model", script)))
    verify_files(model)
    engine = make_engine("scripted", model, EngineOptions())
    engine.load()
    return engine


def _run(engine: Engine) -> list[EngineOutput]:
    outputs = []
    while engine.busy():
        outputs += engine.step()
    return outputs


def _submit(engine: Engine, request: int, text: str, max_tokens: int = 99) -> None:
    engine.submit(request, engine.tokenizer.encode(text), (), max_tokens)


def _text(engine: Engine, outputs: list[EngineOutput], request: int) -> str:
    return engine.tokenizer.decode([i for o in outputs if o.request == request for i in o.ids])


def test_an_answer_is_chosen_by_the_end_of_the_prompt(tmp_path: Path) -> None:
    engine = _engine(
        tmp_path, {"answers": [{"after": "nu", "text": "mpy é\U0001f600"}], "otherwise": "?"}
    )
    _submit(engine, 1, "import nu")
    _submit(engine, 2, "import")
    assert engine.busy()
    outputs = _run(engine)
    assert _text(engine, outputs, 1) == "mpy é\U0001f600"
    assert _text(engine, outputs, 2) == "?"
    assert [o.finished for o in outputs if o.finished] == ["end", "end"]
    assert not engine.busy()


def test_candidates_are_those_of_the_answer(tmp_path: Path) -> None:
    answers = [
        {"after": "x", "text": "ab", "candidates": {"a": -0.1, "é": -1.0, "c": -3.0}},
        {"after": "y", "text": "ab"},
    ]
    engine = _engine(tmp_path, {"answers": answers})
    assert isinstance(engine, CandidateEngine)
    assert engine.offers_candidates
    for number, (text, count) in enumerate([("x", 2), ("y", 2), ("z", 2), ("x", 2)]):
        engine.submit_candidates(number, engine.tokenizer.encode(text), count)
    engine.cancel(3)
    outputs = {output.request: output.candidates for output in _run(engine)}
    assert outputs == {
        0: [Candidate(ord("a"), -0.1), Candidate("é".encode()[0], -1.0)],
        1: [Candidate(ord("a"), 0.0)],
        2: [],
    }


def test_candidates_can_be_unknown(tmp_path: Path) -> None:
    engine = _engine(tmp_path, {"offers_candidates": False})
    assert isinstance(engine, CandidateEngine)
    assert not engine.offers_candidates


def test_the_tokens_of_a_line_have_a_log_probability(tmp_path: Path) -> None:
    answer = {"after": "x", "text": "a\nbc", "line_logprobs": [-0.5, -2]}
    engine = _engine(tmp_path, {"answers": [answer], "otherwise": "?"})
    _submit(engine, 1, "x")
    assert [output.logprobs for output in _run(engine)] == [[-0.5], [-0.5], [-2.0], [-2.0]]
    _submit(engine, 2, "y")
    assert _run(engine)[0].logprobs is None


def test_special_tokens_are_not_text(tmp_path: Path) -> None:
    tokenizer = _engine(tmp_path, {}).tokenizer
    one, two = tokenizer.token_id("<a>"), tokenizer.token_id("<b>")
    assert one != two
    assert tokenizer.token_id("<a>") == one
    assert tokenizer.decode([one, *tokenizer.encode("<a>"), two]) == "<a>"


def test_max_tokens_stall_and_cancel(tmp_path: Path) -> None:
    engine = _engine(tmp_path, {"answers": [{"after": "s", "stall": True}], "otherwise": "abcdef"})
    _submit(engine, 1, "x", 3)
    _submit(engine, 2, "s")
    outputs: list[EngineOutput] = []
    for _ in range(10):
        outputs += engine.step()
    assert _text(engine, outputs, 1) == "abc"
    assert {o.request for o in outputs} == {1}
    assert engine.busy()
    engine.cancel(2)
    engine.cancel(99)
    assert not engine.busy()


def test_fail_after(tmp_path: Path) -> None:
    engine = _engine(tmp_path, {"answers": [{"after": "x", "text": "abc", "fail_after": 2}]})
    _submit(engine, 1, "x")
    assert [o.ids for o in engine.step() + engine.step()] == [[97], [98]]
    with pytest.raises(RuntimeError, match="script"):
        engine.step()


def test_die_after(tmp_path: Path) -> None:
    write_scripted_model(
        tmp_path / "m", {"answers": [{"after": "x", "text": "abc", "die_after": 1}]}
    )
    code = f"""
import os, subprocess, sys
if os.fork() == 0:
    from jupyter_safecoder.engines import EngineOptions, make_engine
    from jupyter_safecoder.models import resolve_model
    engine = make_engine("scripted", resolve_model({str(tmp_path / "m")!r}), EngineOptions())
    engine.load()
    engine.submit(1, [120], (), 9)
    engine.step()
    engine.step()
    os._exit(1)
print(os.waitstatus_to_exitcode(os.wait()[1]))
"""
    assert run_python(code).stdout.strip() == "86"


def test_a_script_that_is_not_json(tmp_path: Path) -> None:
    model = resolve_model(str(write_scripted_model(tmp_path / "model", {})))
    model.weights.write_text("{")
    with pytest.raises(EngineError) as raised:
        make_engine("scripted", model, EngineOptions()).load()
    assert raised.value.remedy


def test_an_answer_can_have_its_own_pause_between_tokens(tmp_path: Path) -> None:
    script = {
        "answers": [{"after": "slow", "text": "abc", "token_ms": 30}],
        "otherwise": "abc",
    }
    engine = _engine(tmp_path, script)
    seconds = {}
    for request, prompt in enumerate(("quick", "slow")):
        start = time.monotonic()
        _submit(engine, request, prompt)
        assert _text(engine, _run(engine), request) == "abc"
        seconds[prompt] = time.monotonic() - start
    assert seconds["slow"] >= 0.06
    assert seconds["quick"] < seconds["slow"]
