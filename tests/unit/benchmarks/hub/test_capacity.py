"""How many users are sustained, and the tokens of llama.cpp's events."""

from __future__ import annotations

import pytest

from benchmarks.hub.capacity import llama_tokens, max_sustained_users
from jupyter_safecoder.errors import RuntimeRequestError


@pytest.mark.parametrize(
    ("p95", "sustained"), [([90, 480, 700], 2), ([90, 700, 400], 1), ([501], 0), ([], 0)]
)
def test_the_last_step_that_is_sustained(p95: list[float], sustained: int) -> None:
    steps = [{"users": n, "ttft_ms": {"p95": value}} for n, value in enumerate(p95, 1)]
    assert max_sustained_users(steps) == sustained


def test_events_of_llama_cpp() -> None:
    assert llama_tokens(b'data: {"content": "x", "tokens_predicted": 2}') == 2
    assert llama_tokens(b": ping") is None
    with pytest.raises(RuntimeRequestError, match="refused"):
        llama_tokens(b'error: {"code": 500}')
