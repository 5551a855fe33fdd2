"""One request at a time through a model's own ``generate``: for accelerators that offer no more.

Compiled models with static shapes (Gaudi, Neuron) cannot be stepped from outside. Their packages
promise ``generate``, which asks its stopping criteria after every token: there we take the token,
and stop when the request ends or is cancelled. There is no batch and no prefix cache.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from queue import SimpleQueue
from threading import Thread
from typing import Any

from jupyter_safecoder.models import ModelDescription
from jupyter_safecoder.models.tokenizer import FileTokenizer

from .engine import EngineOptions, EngineOutput


@dataclass
class _Request:
    number: int
    prompt: Sequence[int]
    stop_ids: Collection[int]
    most: int
    #: Tokens as they come; then how it finished, or what ``generate`` failed with.
    told: SimpleQueue[int | str | BaseException] = field(default_factory=SimpleQueue)
    cancelled: bool = False


class GenerateEngine:
    """Runs ``generate`` on a thread; a subclass reads the network."""

    name = ""
    device = ""
    #: Where torch has the prompt.
    _inputs_on = "cpu"

    def __init__(self, model: ModelDescription, options: EngineOptions) -> None:
        self._model = model
        self._options = options
        self._network: Any = None
        #: Positions of a prompt and its answer; a subclass that compiles fewer says so.
        self._window = model.context_window
        self._waiting: list[_Request] = []
        self._running: _Request | None = None

    def read_network(self) -> Any:
        """Return the model on its device; raises EngineError."""
        raise NotImplementedError

    def load(self) -> None:
        """Load the model, and compute a token so that the first person need not wait for it."""
        self.tokenizer = FileTokenizer(self._model.tokenizer)
        self._network = self.read_network()
        self.submit(0, [0, 0], (), 2)
        while self.busy():
            self.step()

    def submit(
        self, request: int, prompt: Sequence[int], stop_ids: Collection[int], max_tokens: int
    ) -> None:
        """Let a request wait for its turn."""
        self._waiting.append(_Request(request, prompt, stop_ids, max_tokens))

    def cancel(self, request: int) -> None:
        """Forget a request; ``generate`` notices at its next token."""
        self._waiting = [waiting for waiting in self._waiting if waiting.number != request]
        if self._running is not None and self._running.number == request:
            self._running.cancelled = True

    def busy(self) -> bool:
        """Say whether a step has anything to do."""
        return bool(self._running or self._waiting)

    def step(self) -> list[EngineOutput]:
        """Wait for the next token, and take those that have come with it."""
        if self._running is None:
            request = self._waiting.pop(0)
            if not 0 < len(request.prompt) <= self._window - request.most:
                return [EngineOutput(request.number, [], "refused")]
            self._running = request
            Thread(target=self._generate, args=(request,), daemon=True).start()
        running = self._running
        ids: list[int] = []
        finished = None
        while finished is None and (not ids or not running.told.empty()):
            told = running.told.get()
            if isinstance(told, int):
                ids.append(told)
            elif isinstance(told, str):
                finished, self._running = told, None
            else:
                self._running = None
                raise told
        return [] if running.cancelled else [EngineOutput(running.number, ids, finished)]

    def cache_use(self) -> float:
        """Return 1 while a request runs: the one place is taken."""
        return float(self._running is not None)

    def _generate(self, request: _Request) -> None:
        import torch
        import transformers

        finished = "length"
        # No end token: ends differ from request to request, and ``take`` knows them.
        configure: Any = transformers.GenerationConfig

        def take(ids: torch.Tensor, scores: object, **more: Any) -> torch.Tensor:
            nonlocal finished
            # With static shapes the token is not the last, but the one before this index.
            token = int(ids[0, more.get("token_idx", ids.shape[1]) - 1])
            if token in request.stop_ids:
                finished = "end"
            else:
                request.told.put(token)
            return torch.tensor([finished == "end" or request.cancelled], device=ids.device)

        try:
            prompt = torch.tensor([request.prompt], device=self._inputs_on)
            self._network.generate(
                prompt,
                attention_mask=torch.ones_like(prompt),
                generation_config=configure(
                    max_new_tokens=request.most, do_sample=False, pad_token_id=0
                ),
                stopping_criteria=transformers.StoppingCriteriaList([take]),
            )
            request.told.put(finished)
        except BaseException as error:  # noqa: BLE001 - the engine's thread raises it
            request.told.put(error)
