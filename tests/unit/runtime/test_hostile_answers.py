"""What a model writes that could deceive the user or run something is not shown."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from jupyter_safecoder.protocol import CompletionOptions, CompletionRequest, Trigger
from jupyter_safecoder.runtime.runtime import Runtime
from tests.support.in_process_runtime import with_runtime


async def events(runtime: Runtime, request: CompletionRequest) -> list[Any]:
    assert runtime.completions is not None
    return [event async for event in runtime.completions.events(request, "")]


@pytest.mark.parametrize("trigger", ["automatic", "prefetch", "explicit"])
def test_a_command_is_shown_only_when_it_was_asked_for(tmp_path: Path, trigger: Trigger) -> None:
    script = {"answers": [{"after": "os\n", "text": "!rm -rf ~"}], "otherwise": "pass"}

    async def test(runtime: Runtime) -> None:
        options = CompletionOptions(trigger=trigger)
        request = CompletionRequest("import os\n", "", language="python", options=options)
        *sent, done = await events(runtime, request)
        asked = trigger == "explicit"
        assert (done.text, done.finish_reason) == (
            ("!rm -rf ~", "end") if asked else ("", "command")
        )
        assert asked or not any(event.text for event in sent)

    with_runtime(tmp_path, script, test)


@pytest.mark.parametrize("trigger", ["automatic", "explicit"])
@pytest.mark.parametrize(
    "character", [*"\u202a\u202b\u202d\u202e\u2066\u2067\u2068\u200b\ufeff\x1b"]
)
def test_what_cannot_be_seen_is_never_inserted(
    tmp_path: Path, character: str, trigger: Trigger
) -> None:
    answer = f"'user' {character} # only admins\ny = 1"
    script = {"answers": [{"after": "access = ", "text": answer}], "otherwise": "pass"}

    async def test(runtime: Runtime) -> None:
        options = CompletionOptions(trigger=trigger, suggestions="many")
        request = CompletionRequest("access = ", "", language="python", options=options)
        *sent, done = await events(runtime, request)
        assert done.finish_reason == "invisible"
        assert not any(character in event.text for event in (*sent, done))

    with_runtime(tmp_path, script, test)
