"""What the model was sent: sections, what was cut, and who may see it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from jupyter_safecoder.engines.scripted import ByteTokenizer
from jupyter_safecoder.prompt import FAMILIES, LAYOUTS, Budget, build_prompt
from jupyter_safecoder.protocol import (
    Cell,
    CompletionOptions,
    CompletionRequest,
    Done,
    Excerpt,
    KernelName,
    PromptSection,
)
from jupyter_safecoder.runtime.prompts.inspection import MAX_CHARACTERS, inspect_prompt
from jupyter_safecoder.runtime.runtime import Runtime
from tests.support.in_process_runtime import with_runtime

REQUEST = CompletionRequest(
    "x = lo",
    ")\ny",
    before=(Cell("code", "first = 1"), Cell("markdown", "# Title"), Cell("code", "near = 2\n")),
    below=(Cell("code", "after = x"),),
    kernel=(KernelName("df", "DataFrame", (3, 2)),),
    modules=(Excerpt("helpers.py", "def load(path): ..."),),
    files=(Excerpt("other.ipynb", "z = 3"),),
)
ROOMY = Budget(2000, 2000, 1000, below=500, kernel=500, modules=500, files=500)


def inspect(
    request: CompletionRequest,
    budget: Budget = ROOMY,
    layout: str = "spm",
    masked: CompletionRequest | None = None,
) -> dict[str, PromptSection]:
    tokenizer, family = ByteTokenizer(), FAMILIES["starcoder"]
    prompt = build_prompt(masked or request, family, tokenizer, budget, layout)
    found = inspect_prompt(prompt, request, masked or request, tokenizer, 0.0, 0.0)
    tokens = sum(section.tokens for section in found.sections)
    if layout != "prefix":
        # The rest are special tokens.
        assert len(prompt.ids) - 8 <= tokens <= len(prompt.ids)
    return {section.source: section for section in found.sections}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_sections_are_in_the_order_of_the_prompt(layout: str) -> None:
    found = list(inspect(REQUEST, layout=layout))
    context, cursor = ["modules", "files", "cells", "kernel"], ["prefix"]
    after = ["suffix", "below"]
    assert (
        found
        == {
            "spm": [*after, *context, *cursor],
            "psm": [*context, *cursor, *after],
            "context": [*context, *after, *cursor],
            "suffix-first": [*after, *context, *cursor],
            "prefix": [*context, *cursor],
        }[layout]
    )


def test_sections_have_the_text_that_the_model_got() -> None:
    found = inspect(REQUEST)
    assert found["prefix"] == PromptSection("prefix", "x = lo", 6)
    assert found["suffix"] == PromptSection("suffix", ")\ny", 3)
    assert found["cells"].text == "first = 1# Titlenear = 2"
    assert "df: DataFrame[3, 2]" in found["kernel"].text
    assert "helpers.py\ndef load(path): ..." in found["modules"].text
    assert "z = 3" in found["files"].text
    assert found["below"].text == "after = x"
    assert not any(section.cut or section.left_out for section in found.values())


def test_what_does_not_fit_is_counted() -> None:
    request = replace(
        REQUEST,
        prefix="p" * 100,
        suffix="s" * 100,
        before=(Cell("code", "a" * 30), Cell("code", "b" * 10)),
        modules=(Excerpt("m.py", "\n".join(f"def f{n}(): ..." for n in range(20))),),
    )
    budget = Budget(20, 40, 30, below=5, kernel=5, modules=60, files=5)
    found = inspect(request, budget)
    assert (found["cells"].cut, found["cells"].left_out) == (30, 1)
    assert found["prefix"].cut == 100 - len(found["prefix"].text) > 0
    assert found["suffix"].cut == 70
    assert 0 < found["modules"].cut < 20 * 13
    assert found["modules"].left_out == 0
    for source in ("kernel", "files", "below"):
        assert (found[source].text, found[source].left_out) == ("", 1)


def test_cells_that_masking_left_out_count() -> None:
    masked = replace(REQUEST, before=REQUEST.before[2:])
    found = inspect(REQUEST, masked=masked)
    assert found["cells"].left_out == 2
    assert found["cells"].cut == len("first = 1# Title")


def test_empty_sources_have_no_section() -> None:
    assert list(inspect(CompletionRequest("x", ""))) == ["prefix"]


def test_sections_are_bounded() -> None:
    size = 2 * MAX_CHARACTERS
    request = CompletionRequest("p" * size + "END", "START" + "s" * size)
    found = inspect(request, Budget(10, 2 * size, 2 * size))
    for source, end in (("prefix", "END"), ("suffix", "START")):
        text = found[source].text
        assert len(text) == MAX_CHARACTERS
        assert text.endswith(end) or text.startswith(end)
        assert found[source].cut == 0


SCRIPT: dict[str, Any] = {
    "answers": [
        {"after": "key = ", "text": "'ghp_" + "aB3dE5fG7hJ9kL1mN3pQ5rS7tU9vW1xY3zA5'"},
        {"after": "x = ", "text": "1\ny = 2"},
    ],
    "otherwise": "",
}


@pytest.mark.parametrize(
    ("asked", "allowed", "is_there"),
    [(True, True, True), (False, True, False), (True, False, False)],
)
def test_only_who_asks_and_may_gets_it(
    asked: bool, allowed: bool, is_there: bool, tmp_path: Path
) -> None:
    async def test(runtime: Runtime) -> None:
        options = CompletionOptions(mode="line", inspect=asked)
        done = await _complete(runtime, CompletionRequest("x = ", "", options=options))
        assert done.text == "1"
        assert (done.inspection is not None) == is_there
        if done.inspection is not None:
            assert done.inspection.raw_text.startswith("1\n")
            assert done.inspection.queue_ms >= 0
            assert 0 < done.inspection.prompt_ms <= done.total_ms

    with_runtime(tmp_path, SCRIPT, test, allow_inspection=allowed)


def test_a_suggested_password_is_not_in_it(tmp_path: Path) -> None:
    async def test(runtime: Runtime) -> None:
        options = CompletionOptions(inspect=True)
        done = await _complete(runtime, CompletionRequest("key = ", "", options=options))
        assert done.finish_reason == "secret"
        assert done.inspection is not None
        assert done.inspection.raw_text == ""

    with_runtime(tmp_path, SCRIPT, test)


async def _complete(runtime: Runtime, request: CompletionRequest) -> Done:
    assert runtime.completions is not None
    *_, done = [event async for event in runtime.completions.events(request, "")]
    assert isinstance(done, Done)
    return done
