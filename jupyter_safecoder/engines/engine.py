"""The one protocol of all engines.

An engine knows token ids and nothing of notebooks. It is owned by one thread, which submits,
cancels and steps; it need not be thread-safe.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from jupyter_safecoder.errors import EngineError
from jupyter_safecoder.prompt import Tokenizer


@dataclass(frozen=True)
class RemoteServer:
    """A server of the OpenAI completion protocol; keys and certificates are read from files.

    ``model`` is the server's name for the model, empty: the only one that it lists. ``patience_s``
    is the longest wait for a first token, retries included, and then for each further one.
    """

    url: str
    model: str = ""
    key_file: str = ""
    ca_file: str = ""
    certificate_file: str = ""
    certificate_key_file: str = ""
    token_timeout_s: float = 8.0


@dataclass(frozen=True)
class EngineOptions:
    """How to run a model.

    Parameters
    ----------
    device
        The engine's own name of the device; empty is its first choice.
    precision
        Of the weights: ``fp32``, ``fp16``, ``bf16``, ``int8``, ``int4``; empty: as they lie there.
    prepared
        Directory, or file, with the weights as this engine wants them, if they were prepared.
    lookup_tokens
        Most tokens that prompt lookup guesses at once; 0 switches it off.
    draft
        A prepared directory of a small model of the same tokenizer that guesses ahead.
    batch_invariant
        Whether a prompt should have the same answer alone and beside others, as nearly as the
        engine can, at the price of some speed. Guessing ahead implies it.
    max_running
        Requests in the batch at once.
    remote
        The server, for the ``remote`` engine.
    """

    device: str = ""
    precision: str = ""
    prepared: Path | None = None
    lookup_tokens: int = 0
    draft: Path | None = None
    batch_invariant: bool = False
    max_running: int = 4
    remote: RemoteServer | None = None


@dataclass(frozen=True)
class EngineOutput:
    """What one step gave to one request.

    ``finished`` is ``None`` while it goes on, ``"end"`` after an end token (which is not among
    ``ids``), ``"length"`` at the cap, ``"refused"`` if the engine cannot hold the prompt,
    ``"failed"`` if this request alone failed: ``problem`` says why.
    """

    request: int
    ids: list[int]
    finished: str | None = None
    problem: EngineError | None = None


class Engine(Protocol):
    """Batches requests and gives their next tokens, greedily, step by step."""

    name: str
    device: str
    tokenizer: Tokenizer

    def load(self) -> None:
        """Load the model; may take seconds.

        Raises
        ------
        EngineError
            If the engine's library is missing or the model cannot be loaded.
        """

    def submit(
        self, request: int, prompt: Sequence[int], stop_ids: Collection[int], max_tokens: int
    ) -> None:
        """Take a request into the batch, under a number that is new."""

    def cancel(self, request: int) -> None:
        """Forget a request and free what it holds; unknown numbers are ignored."""

    def busy(self) -> bool:
        """Say whether a step has anything to do."""

    def step(self) -> list[EngineOutput]:
        """Compute the next tokens of the batch."""

    def cache_use(self) -> float:
        """Return the share of the KV cache that running requests hold, 0 to 1."""
