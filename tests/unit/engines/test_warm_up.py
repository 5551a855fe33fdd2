"""A warm-up runs one request to its end."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from jupyter_safecoder.engines import EngineOutput
from jupyter_safecoder.engines.scripted import ByteTokenizer
from jupyter_safecoder.engines.warm_up import warm_up
from jupyter_safecoder.prompt import Tokenizer


class CountingEngine:
    """An engine that returns one token in each step."""

    name = device = "counting"
    tokenizer: Tokenizer = ByteTokenizer()

    def __init__(self) -> None:
        self.submitted: list[tuple[int, list[int], int]] = []
        self.left = 0

    def load(self) -> None:
        warm_up(self, 5)

    def submit(
        self, request: int, prompt: Sequence[int], stop_ids: Collection[int], max_tokens: int
    ) -> None:
        assert not stop_ids
        self.submitted.append((request, list(prompt), max_tokens))
        self.left = max_tokens

    def cancel(self, request: int) -> None:
        raise AssertionError

    def busy(self) -> bool:
        return self.left > 0

    def step(self) -> list[EngineOutput]:
        self.left -= 1
        return [EngineOutput(0, [1], None if self.left else "length")]


def test_one_request_of_two_tokens() -> None:
    engine = CountingEngine()
    engine.load()
    assert engine.submitted == [(0, [0] * 5, 2)]
    assert not engine.busy()
