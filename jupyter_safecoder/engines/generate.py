"""Runs one request at a time through a model's own ``generate``.

For accelerators whose models are compiled with static shapes (Gaudi, Neuron): they cannot be
stepped from outside, but their packages offer ``generate``, which calls its stopping criteria after
every token. There the token is taken, and generation stops when the request ends or is cancelled.
There is no batch and no prefix cache. ``generate`` keeps the logits of no token unless it keeps
those of all, so there are no log-probabilities.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from queue import SimpleQueue
from threading import Thread
from typing import Any

from jupyter_safecoder.models import ModelDescription
from jupyter_safecoder.models.tokenizer import FileTokenizer
from jupyter_safecoder.prompt import Tokenizer

from .engine import EngineOptions, EngineOutput
from .hardware.torch_threads import limit_torch_threads
from .warm_up import warm_up


@dataclass
class _Request:
    number: int
    prompt: Sequence[int]
    stop_ids: Collection[int]
    max_tokens: int
    #: Tokens as they are generated; then why it finished, or what ``generate`` raised.
    output_queue: SimpleQueue[int | str | BaseException] = field(default_factory=SimpleQueue)
    cancelled: bool = False


class GenerateEngine:
    """Base class of engines that call ``generate`` on a thread; a subclass loads the model.

    Parameters
    ----------
    model
        A checkpoint.
    options
        How to run it.
    """

    name = ""
    device = ""
    tokenizer: Tokenizer
    #: The torch device of ``generate``'s inputs.
    _input_device = "cpu"

    def __init__(self, model: ModelDescription, options: EngineOptions) -> None:
        self._description = model
        self._options = options
        self._model: Any = None
        #: Positions for prompt and completion; a subclass that compiles fewer lowers it.
        self._window = model.context_window
        self._waiting: list[_Request] = []
        self._running: _Request | None = None

    @property
    def window(self) -> int:
        """Context window in tokens."""
        return self._window

    def load_model(self) -> Any:
        """Return the model on its device.

        Raises
        ------
        EngineError
            If the package that it needs is missing.
        """
        raise NotImplementedError

    def load(self) -> None:
        """Load the model and warm it up."""
        self.tokenizer = FileTokenizer(self._description.tokenizer)
        self._model = self.load_model()
        limit_torch_threads()
        warm_up(self, 2)

    def submit(
        self, request: int, prompt: Sequence[int], stop_ids: Collection[int], max_tokens: int
    ) -> None:
        """Queue a request."""
        self._waiting.append(_Request(request, prompt, stop_ids, max_tokens))

    def cancel(self, request: int) -> None:
        """Remove a waiting request; a running one stops at its next token."""
        self._waiting = [waiting for waiting in self._waiting if waiting.number != request]
        if self._running is not None and self._running.number == request:
            self._running.cancelled = True

    def busy(self) -> bool:
        """Return whether a request runs or waits."""
        return bool(self._running or self._waiting)

    def step(self) -> list[EngineOutput]:
        """Wait for the next token, and return it with those that followed meanwhile."""
        if self._running is None:
            request = self._waiting.pop(0)
            if not 0 < len(request.prompt) <= self._window - request.max_tokens:
                return [EngineOutput(request.number, [], "refused")]
            self._running = request
            Thread(target=self._generate, args=(request,), daemon=True).start()
        running = self._running
        ids: list[int] = []
        finished = None
        while finished is None and (not ids or not running.output_queue.empty()):
            item = running.output_queue.get()
            if isinstance(item, int):
                ids.append(item)
            elif isinstance(item, str):
                finished, self._running = item, None
            else:
                self._running = None
                raise item
        return [] if running.cancelled else [EngineOutput(running.number, ids, finished)]

    def _generate(self, request: _Request) -> None:
        """Run ``generate`` to its end; the thread's target."""
        import torch
        import transformers

        finished = "length"
        make_config: Any = transformers.GenerationConfig

        def take_token(ids: torch.Tensor, scores: object, **more: Any) -> torch.Tensor:
            nonlocal finished
            # With static shapes the new token is the one before ``token_idx``, not the last one.
            token = int(ids[0, more.get("token_idx", ids.shape[1]) - 1])
            if token in request.stop_ids:
                finished = "end"
            else:
                request.output_queue.put(token)
            return torch.tensor([finished == "end" or request.cancelled], device=ids.device)

        try:
            prompt = torch.tensor([request.prompt], device=self._input_device)
            self._model.generate(
                prompt,
                attention_mask=torch.ones_like(prompt),
                # Without an end token: stop tokens differ between requests, see ``take_token``.
                generation_config=make_config(
                    max_new_tokens=request.max_tokens, do_sample=False, pad_token_id=0
                ),
                stopping_criteria=transformers.StoppingCriteriaList([take_token]),
            )
            request.output_queue.put(finished)
        except BaseException as error:  # noqa: BLE001 - ``step`` raises it in the engine's thread
            request.output_queue.put(error)
