"""The service: what is answered, what is recorded of it, and in which order."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from jupyter_safecoder.errors import RequestDenied, RuntimeUnavailable
from jupyter_safecoder.hub.access.policy import Grant
from jupyter_safecoder.hub.relay import Head
from jupyter_safecoder.hub.service import CompletionService
from jupyter_safecoder.openai_protocol import parse_openai_request
from jupyter_safecoder.protocol import (
    Cell,
    CompletionOptions,
    CompletionRequest,
    Excerpt,
    KernelName,
    Trigger,
)
from tests.support.hub_service import ADA, ServiceParts, make_service

SCRIPT = {
    "answers": [{"after": "hello", "text": "_world()"}, {"after": "wait", "stall": True}],
    "otherwise": "pass",
}
GRANT = Grant()


def events(items: list[Head | bytes]) -> list[dict[str, Any]]:
    """Return the events of a response."""
    text = b"".join(item for item in items if isinstance(item, bytes)).decode()
    return [json.loads(line) for line in text.splitlines()]


async def collect(items: AsyncGenerator[Head | bytes]) -> list[Head | bytes]:
    async with aclosing(items):
        return [item async for item in items]


def complete(
    service: CompletionService,
    prefix: str,
    grant: Grant = GRANT,
    document: str = "",
    trigger: Trigger = "explicit",
) -> AsyncGenerator[Head | bytes]:
    options = CompletionOptions(trigger=trigger)
    request = CompletionRequest(prefix, "", document=document, path="a.ipynb", options=options)
    body = request.to_json()
    return service.complete(ADA, "vision", grant, request, body)


def run(
    directory: Path, test: Callable[[ServiceParts], Awaitable[None]], **settings: Any
) -> ServiceParts:
    """Run a test with a service whose runtime is ready; return the parts at the end."""

    async def whole() -> ServiceParts:
        parts = make_service(directory, script=SCRIPT, **settings)
        try:
            await parts.service.runtimes.load("", "")
            await test(parts)
        finally:
            await parts.service.close()
        return parts

    return asyncio.run(whole())


def test_a_completion_is_recorded_with_its_counts(tmp_path: Path) -> None:
    async def test(parts: ServiceParts) -> None:
        items = await collect(complete(parts.service, "hello"))
        assert isinstance(items[0], Head)
        done = events(items)[-1]
        assert (done["event"], done["text"]) == ("done", "_world()")
        # The last line came after the record was in the log.
        [entry] = parts.entries
        assert (entry["user"], entry["group"], entry["outcome"]) == ("ada", "vision", "end")
        assert entry["completion_tokens"] == done["completion_tokens"] > 0
        assert entry["prompt_tokens"] == done["prompt_tokens"] > 0
        assert entry["total_ms"] >= entry["ttft_ms"] >= entry["waited_ms"] >= 0

    parts = run(tmp_path, test)
    assert "_world" not in json.dumps(parts.entries)
    assert parts.usage.tokens_today("ada") > 0


def test_a_prompt_in_advance_is_recorded_and_is_no_request(tmp_path: Path) -> None:
    async def test(parts: ServiceParts) -> None:
        [done] = events(await collect(complete(parts.service, "hello", trigger="warm")))
        assert (done["text"], done["completion_tokens"]) == ("", 0)
        assert done["prompt_tokens"] > 0

    parts = run(tmp_path, test)
    [entry] = parts.entries
    assert (entry["action"], entry["outcome"]) == ("warm", "length")
    assert parts.usage.tokens_today("ada") == 0


def test_nothing_is_prefetched(tmp_path: Path) -> None:
    async def test(parts: ServiceParts) -> None:
        [done] = events(await collect(complete(parts.service, "hello", trigger="prefetch")))
        assert (done["text"], done["finish_reason"]) == ("", "superseded")

    assert run(tmp_path, test).entries == []


def test_a_prompt_in_advance_gives_way_to_any_user(tmp_path: Path) -> None:
    async def test(parts: ServiceParts) -> None:
        advance = asyncio.ensure_future(collect(complete(parts.service, "wait", trigger="warm")))
        await asyncio.sleep(0.1)
        newer = events(await collect(complete(parts.service, "hello", document="a")))
        assert newer[-1]["text"] == "_world()"
        assert events(await advance)[-1]["finish_reason"] == "superseded"

    parts = run(tmp_path, test)
    outcomes = {entry["action"]: entry["outcome"] for entry in parts.entries}
    assert outcomes == {"warm": "superseded", "complete": "end"}


def test_what_the_policy_excludes_reaches_no_runtime(tmp_path: Path) -> None:
    async def test() -> ServiceParts:
        parts = make_service(tmp_path)
        grant = Grant(exclude_text=("secret",))
        [line] = events(await collect(complete(parts.service, "my secret", grant)))
        assert (line["event"], line["finish_reason"], line["text"]) == ("done", "excluded", "")
        body = b'{"prompt": "my secret"}'
        request = parse_openai_request(body)
        with pytest.raises(RequestDenied, match="excludes this text"):
            await collect(parts.service.complete_openai(ADA, "vision", grant, request, body))
        await parts.service.close()
        return parts

    parts = asyncio.run(test())
    assert [entry["outcome"] for entry in parts.entries] == ["excluded", "excluded"]


def test_sources_that_the_policy_leaves_out_are_in_no_prompt(tmp_path: Path) -> None:
    plain = CompletionRequest("hello", "", before=(Cell("code", "x = 1"),))
    whole = replace(
        plain,
        below=(Cell("code", "y = 2"),),
        kernel=(KernelName("df", "DataFrame"),),
        modules=(Excerpt("grid.py", "RATE: float\n"),),
        files=(Excerpt("other.ipynb", "load()\n"),),
    )

    async def test(parts: ServiceParts) -> None:
        async def prompt_tokens(request: CompletionRequest, *context: str) -> int:
            grant = Grant(context=frozenset(context))
            body = request.to_json()
            items = parts.service.complete(ADA, "vision", grant, request, body)
            return int(events(await collect(items))[-1]["prompt_tokens"])

        cells_alone = await prompt_tokens(plain, "cells")
        assert await prompt_tokens(whole, "cells") == cells_alone
        for source in ("below", "kernel", "modules", "files"):
            assert await prompt_tokens(whole, "cells", source) > cells_alone
        status = await parts.service.status(Grant(context=frozenset({"cells", "below"})))
        assert "do not have: names of the kernel, local modules, other files" in status.reason
        assert "do not have" not in (await parts.service.status(GRANT)).reason

    run(tmp_path, test)


def test_only_a_group_that_may_inspect_gets_its_prompts(tmp_path: Path) -> None:
    async def test(parts: ServiceParts) -> None:
        request = CompletionRequest("hello", "", options=CompletionOptions(inspect=True))
        for features, is_there in (({"complete", "inspect"}, True), ({"complete"}, False)):
            grant = Grant(features=frozenset(features))
            body = request.to_json()
            items = parts.service.complete(ADA, "vision", grant, request, body)
            done = events(await collect(items))[-1]
            assert done["text"] == "_world()"
            assert ("inspection" in done) == is_there

    parts = run(tmp_path, test)
    assert "hello" not in json.dumps(parts.entries)


def test_without_a_runtime_the_request_fails_and_is_recorded(tmp_path: Path) -> None:
    async def test() -> ServiceParts:
        parts = make_service(tmp_path)
        with pytest.raises(RuntimeUnavailable):
            await collect(complete(parts.service, "hello"))
        assert (parts.service.dispatcher.running, parts.service.dispatcher.waiting) == (0, 0)
        await parts.service.close()
        return parts

    [entry] = asyncio.run(test()).entries
    assert entry["outcome"] == "not_ready"


def test_draining_denies_before_anything_else(tmp_path: Path) -> None:
    async def test() -> ServiceParts:
        parts = make_service(tmp_path)
        parts.service.gate.draining = True
        with pytest.raises(RequestDenied, match="has drained"):
            await collect(complete(parts.service, "hello"))
        assert (await parts.service.status(GRANT)).state == "off"
        assert (await parts.service.start(GRANT)).state == "off"
        await parts.service.close()
        return parts

    [entry] = asyncio.run(test()).entries
    assert (entry["outcome"], entry["reason"]) == ("refused", "drained")


def test_a_newer_request_ends_the_one_that_runs(tmp_path: Path) -> None:
    async def test(parts: ServiceParts) -> None:
        older = asyncio.ensure_future(collect(complete(parts.service, "wait", document="a")))
        while not parts.service.dispatcher.running:
            await asyncio.sleep(0.01)
        newer = events(await collect(complete(parts.service, "hello", document="a")))
        assert newer[-1]["text"] == "_world()"
        assert events(await older)[-1]["finish_reason"] == "superseded"

    parts = run(tmp_path, test)
    assert sorted(entry["outcome"] for entry in parts.entries) == ["end", "superseded"]


def test_a_closed_response_is_cancelled_and_its_slot_is_free(tmp_path: Path) -> None:
    async def test(parts: ServiceParts) -> None:
        items = complete(parts.service, "wait")
        waiting = asyncio.ensure_future(anext(items))
        while not parts.service.dispatcher.running:
            await asyncio.sleep(0.01)
        waiting.cancel()
        await asyncio.wait([waiting])
        await items.aclose()
        assert parts.service.dispatcher.running == 0

    parts = run(tmp_path, test)
    assert [entry["outcome"] for entry in parts.entries] == ["cancelled"]


def test_a_stream_of_openai_s_protocol_is_counted_by_its_usage(tmp_path: Path) -> None:
    async def test(parts: ServiceParts) -> None:
        for options, shown in (
            (b"", False),
            (b', "stream_options": {"include_usage": true}', True),
        ):
            body = b'{"prompt": "hello", "max_tokens": 8, "stream": true' + options + b"}"
            request = parse_openai_request(body)
            items = await collect(
                parts.service.complete_openai(ADA, "vision", GRANT, request, body)
            )
            text = b"".join(item for item in items if isinstance(item, bytes))
            assert text.endswith(b"data: [DONE]\n\n")
            assert (b'"prompt_tokens"' in text) is shown
            assert parts.entries[-1]["completion_tokens"] == len("_world()")

    run(tmp_path, test)


def test_a_queue_shows_in_the_status(tmp_path: Path) -> None:
    async def test(parts: ServiceParts) -> None:
        assert (await parts.service.status(GRANT)).state == "ready"
        running = asyncio.ensure_future(collect(complete(parts.service, "wait")))
        while not parts.service.dispatcher.running:
            await asyncio.sleep(0.01)
        items = complete(parts.service, "hello")
        position = await anext(items)
        assert events([position]) == [{"event": "queued", "position": 1}]
        status = await parts.service.status(GRANT)
        assert (status.state, status.queue) == ("busy", 1)
        await items.aclose()
        running.cancel()
        await asyncio.wait([running])

    run(tmp_path, test, max_running=1)


def test_reloading_reads_the_policy_and_restarts_what_failed(tmp_path: Path) -> None:
    async def test() -> None:
        parts = make_service(tmp_path, model=str(tmp_path / "none"))
        runtimes = parts.service.runtimes
        assert (await runtimes.load("", "")).state == "failed"
        (tmp_path / "policy.toml").write_text("[groups.speech]\n")
        await parts.service.reload()
        assert list(parts.service.gate.assigned_runtimes() or {}) == ["speech"]
        [(status, _)] = (await runtimes.states()).values()
        assert status.state != "ready"
        parts.service.retire_runtimes()
        assert len(await runtimes.states()) == 1
        (tmp_path / "policy.toml").write_text('[groups.speech]\nadapter = "x"\n')
        parts.service.gate.reload_policy()
        parts.service.retire_runtimes()
        assert await runtimes.states() == {}
        await parts.service.close()

    asyncio.run(test())
