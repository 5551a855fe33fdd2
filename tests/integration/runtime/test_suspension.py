"""A runtime that stands still for seconds, as on a computer that sleeps, and then goes on."""

from __future__ import annotations

import signal
import time
from pathlib import Path

from jupyter_safecoder.protocol import CompletionOptions, CompletionRequest, Done, Queued, Text
from tests.support.processes import RuntimeProcess, runtime_process

_STOPPED_S = 2.0
_SLOW_TEXT = "x" * 40
SCRIPT = {"answers": [{"after": "slow", "text": _SLOW_TEXT, "token_ms": 30}], "otherwise": "pass"}
SLOW = CompletionRequest("slow", "", options=CompletionOptions(rules=False))
PLAIN = CompletionRequest("x = ", "")


def _stand_still(runtime: RuntimeProcess) -> None:
    runtime.process.send_signal(signal.SIGSTOP)
    time.sleep(_STOPPED_S)
    runtime.process.send_signal(signal.SIGCONT)


def _complete_slowly(runtime: RuntimeProcess) -> Done:
    """Return the result of a request during which the runtime stands still."""
    events = iter(runtime.client.events(SLOW))
    first = next(event for event in events if isinstance(event, Text) and event.text)
    assert len(first.text) < len(_SLOW_TEXT)
    _stand_still(runtime)
    *_, done = events
    assert isinstance(done, Done)
    return done


def _check_ready(runtime: RuntimeProcess, requests: int) -> None:
    """Check that another request is answered, and that none has failed."""
    assert runtime.client.complete(PLAIN).text == "pass"
    status = runtime.client.status()
    counters = status.counters
    assert (status.state, status.queue) == ("ready", 0)
    assert (counters.requests, counters.failed, counters.cancelled) == (requests + 1, 0, 0)


def test_a_request_goes_on(tmp_path: Path) -> None:
    with runtime_process(tmp_path, SCRIPT, deadline_s=60) as runtime:
        runtime.client.wait_until_ready()
        done = _complete_slowly(runtime)
        assert (done.text, done.finish_reason) == (_SLOW_TEXT, "end")
        assert done.total_ms >= 1000 * _STOPPED_S
        _check_ready(runtime, 1)


def test_a_request_whose_deadline_passes_keeps_its_text(tmp_path: Path) -> None:
    with runtime_process(tmp_path, SCRIPT, deadline_s=_STOPPED_S / 2) as runtime:
        runtime.client.wait_until_ready()
        done = _complete_slowly(runtime)
        assert done.finish_reason == "deadline"
        assert _SLOW_TEXT.startswith(done.text)
        assert done.text
        _check_ready(runtime, 1)


def test_an_idle_runtime_answers_at_once(tmp_path: Path) -> None:
    with runtime_process(
        tmp_path, SCRIPT, deadline_s=_STOPPED_S / 2, idle_unload_minutes=5
    ) as runtime:
        runtime.client.wait_until_ready()
        # With a connection that stays open.
        assert runtime.client.complete(PLAIN).text == "pass"
        _stand_still(runtime)
        events = list(runtime.client.events(PLAIN))
        assert not any(isinstance(event, Queued) for event in events)
        assert isinstance(events[-1], Done)
        assert (events[-1].text, events[-1].finish_reason) == ("pass", "end")
        _check_ready(runtime, 2)
