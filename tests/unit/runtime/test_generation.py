"""The thread that owns the engine."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import Any

from jupyter_safecoder.engines import Candidate, EngineOutput
from jupyter_safecoder.runtime.generation import GenerationThread


class Engine:
    """Gives each request one token a step, until it is cancelled or has had its maximum."""

    name = device = "test"
    tokenizer: Any = None

    def __init__(self, error: Exception | None = None) -> None:
        self.threads: set[str] = set()
        self.running: dict[int, int] = {}
        self.error = error

    def load(self) -> None:
        pass

    def submit(
        self, request: int, prompt: Sequence[int], stop_ids: Collection[int], max_tokens: int
    ) -> None:
        self.threads.add(threading.current_thread().name)
        self.running[request] = max_tokens

    def cancel(self, request: int) -> None:
        self.threads.add(threading.current_thread().name)
        self.running.pop(request, None)

    def busy(self) -> bool:
        return bool(self.running)

    def step(self) -> list[EngineOutput]:
        self.threads.add(threading.current_thread().name)
        if self.error is not None:
            raise self.error
        outputs = []
        for request, left in list(self.running.items()):
            self.running[request] = left - 1
            if left == 1:
                del self.running[request]
            outputs.append(EngineOutput(request, [7], "length" if left == 1 else None))
        return outputs

    def cache_use(self) -> float:
        return 0.0


def run(engine: Engine, test: Callable[[GenerationThread, list[Any]], Awaitable[None]]) -> None:
    async def main() -> None:
        failures: list[Any] = []
        loop = asyncio.get_running_loop()
        generation = GenerationThread(engine, loop, failures.append)
        await asyncio.wait_for(_awaited(test(generation, failures)), 10)
        generation.close()
        generation._thread.join(5)
        assert not generation._thread.is_alive()

    asyncio.run(main())


async def _awaited(test: Awaitable[None]) -> None:
    await test


def test_all_calls_of_the_engine_are_in_one_thread() -> None:
    engine = Engine()

    async def test(generation: GenerationThread, failures: list[Any]) -> None:
        outputs: list[EngineOutput] = []
        done = asyncio.Event()

        def sink(output: EngineOutput) -> None:
            assert threading.current_thread() is threading.main_thread()
            outputs.append(output)
            if output.finished:
                done.set()

        number = generation.submit([1], (), 3, sink)
        await done.wait()
        assert [output.ids for output in outputs] == [[7], [7], [7]]
        assert not generation.cancel(number)
        assert failures == []

    run(engine, test)
    assert engine.threads == {"safecoder-engine"}


def test_a_cancelled_request_has_no_more_outputs() -> None:
    engine = Engine()

    async def test(generation: GenerationThread, failures: list[Any]) -> None:
        outputs: list[EngineOutput] = []
        number = generation.submit([1], (), 10**9, outputs.append)
        while not outputs:
            await asyncio.sleep(0.01)
        assert generation.cancel(number)
        count = len(outputs)
        await asyncio.sleep(0.1)
        assert len(outputs) == count
        assert engine.running == {}

    run(engine, test)


def test_an_error_of_the_engine_is_reported_once_and_stops_the_thread() -> None:
    error = RuntimeError("broken")

    async def test(generation: GenerationThread, failures: list[Any]) -> None:
        generation.submit([1], (), 5, lambda output: None)
        while not failures:
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.05)
        assert failures == [error]
        assert not generation._thread.is_alive()

    run(Engine(error), test)


def test_an_engine_that_offers_candidates_gives_them() -> None:
    class WithCandidates(Engine):
        offers_candidates = True

        def __init__(self) -> None:
            super().__init__()
            self.found: list[EngineOutput] = []

        def submit_candidates(self, request: int, prompt: Sequence[int], count: int) -> None:
            candidates = [Candidate(token, -1.0) for token in prompt[:count]]
            self.found.append(EngineOutput(request, [], "length", candidates=candidates))

        def busy(self) -> bool:
            return bool(self.found)

        def step(self) -> list[EngineOutput]:
            found, self.found = self.found, []
            return found

    engine = WithCandidates()

    async def test(generation: GenerationThread, failures: list[Any]) -> None:
        outputs: asyncio.Queue[EngineOutput] = asyncio.Queue()
        assert generation.candidate_engine is engine
        number = generation.submit_candidates([3, 4, 5], 2, outputs.put_nowait)
        output = await outputs.get()
        assert (output.request, output.candidates) == (
            number,
            [Candidate(3, -1.0), Candidate(4, -1.0)],
        )
        engine.offers_candidates = False
        assert generation.candidate_engine is None

    run(engine, test)


def test_an_engine_of_another_package_need_not_know_candidates() -> None:
    async def test(generation: GenerationThread, failures: list[Any]) -> None:
        assert generation.candidate_engine is None

    run(Engine(), test)
