"""The protocol that every engine implements, and the values that it takes and returns.

An engine computes token ids from token ids. It knows nothing of notebooks, text or HTTP.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable

from jupyter_safecoder.errors import EngineError
from jupyter_safecoder.prompt import Tokenizer


@dataclass(frozen=True)
class RemoteServer:
    """A server of the OpenAI completions protocol.

    Parameters
    ----------
    url
        ``http(s)://host:port``, with or without ``/v1``.
    model
        The server's name for the model; empty: the only one that it lists.
    key_file
        File with the API key; empty: none is sent.
    ca_file
        Certificate authorities in PEM format; empty: those of the system.
    certificate_file, certificate_key_file
        Client certificate and its private key in PEM format; empty: none, and a key in the same
        file.
    proxy
        URL of a forward proxy; empty: that of the environment; ``none``: none. A server on this
        machine is never reached by a proxy.
    token_timeout_s
        Seconds to wait for the first token, retries included, and then for each further token.
    """

    url: str
    model: str = ""
    key_file: str = ""
    ca_file: str = ""
    certificate_file: str = ""
    certificate_key_file: str = ""
    proxy: str = ""
    token_timeout_s: float = 8.0


@dataclass(frozen=True)
class EngineOptions:
    """How an engine should run a model.

    Parameters
    ----------
    device
        The engine's own name of the device; empty: its default device.
    precision
        Of the weights: ``fp32``, ``fp16``, ``bf16``, ``int8`` or ``int4``; empty: that of the file.
    weights
        Directory or file with the weights in the form that this engine needs, where that is not
        the model's own: a converted checkpoint, or a writable copy of a GGUF file.
    lookup_tokens
        Maximum number of tokens that prompt lookup proposes at once; 0 switches it off.
    draft
        Weights of a smaller model with the same tokenizer, for speculative decoding.
    batch_invariant
        Whether a prompt should get the same completion alone and in a batch, as nearly as the
        engine can, at the cost of some speed. Speculative decoding implies it.
    max_running
        Maximum number of requests in the batch.
    remote
        The server, for the ``remote`` engine.
    """

    device: str = ""
    precision: str = ""
    weights: Path | None = None
    lookup_tokens: int = 0
    draft: Path | None = None
    batch_invariant: bool = False
    max_running: int = 4
    remote: RemoteServer | None = None


@dataclass(frozen=True)
class Candidate:
    """A token that may come next, and the natural logarithm of its probability."""

    id: int
    logprob: float


@dataclass(frozen=True)
class EngineOutput:
    """What one step computed for one request.

    Parameters
    ----------
    request
        The number that the request was submitted with.
    ids
        New token ids, in order; may be empty.
    finished
        ``None`` while the request runs; ``"end"`` after a stop token, which is not among ``ids``;
        ``"length"`` when ``max_tokens`` is reached; ``"refused"`` if the engine cannot hold the
        prompt; ``"failed"`` if this request alone failed. A finished request gets no more outputs.
    error
        Why the request failed; ``None`` unless ``finished`` is ``"failed"``.
    logprobs
        Natural logarithm of the probability that the model gave each of ``ids``; ``None`` if the
        engine does not know them.
    candidates
        Of a request for candidates: the most probable next tokens, the first one first.
    """

    request: int
    ids: list[int]
    finished: str | None = None
    error: EngineError | None = None
    logprobs: list[float] | None = None
    candidates: list[Candidate] | None = None


class Engine(Protocol):
    """Batches requests and computes their next tokens by greedy decoding, step by step.

    An engine need not be thread-safe: one thread owns it and makes all calls after ``load``.
    ``load`` may run on another thread, and returns before any other method is called. If a method
    raises, the engine is not used again.

    A class that implements this protocol is constructed with a ``ModelDescription`` and
    :class:`EngineOptions`; the constructor loads nothing. Other packages register theirs under the
    entry point ``jupyter_safecoder.engines``.

    Attributes
    ----------
    name
        Name of the engine, as in the setting ``c.SafeCoder.engine``.
    device
        Device that it computes on, as shown in the status. Final once ``load`` returns.
    tokenizer
        Tokenizer of the model. Set by ``load``.

    An engine may have an attribute ``window``, set by ``load``: its context window in tokens. Where
    that is smaller than the model's, prompts are made for it.
    """

    name: str
    device: str
    tokenizer: Tokenizer

    def load(self) -> None:
        """Load the model, and run a short request to warm up; may take minutes.

        Raises
        ------
        EngineError
            If the engine's library is missing or the model cannot be loaded.
        """

    def submit(
        self, request: int, prompt: Sequence[int], stop_ids: Collection[int], max_tokens: int
    ) -> None:
        """Add a request to the queue of the batch; returns without computing anything.

        A prompt that can never fit is not an error here: the next ``step`` returns an output for
        the request with ``finished="refused"``.

        Parameters
        ----------
        request
            A number that no other request of this engine has or had.
        prompt
            Token ids, complete: the engine adds none.
        stop_ids
            Token ids that end the completion. The model's own end token does so only if it is among
            them.
        max_tokens
            Maximum number of tokens to generate, 1 or more.
        """

    def cancel(self, request: int) -> None:
        """Stop a request and free what it holds, at the latest in the next ``step``.

        No output of the request is returned afterwards.

        Parameters
        ----------
        request
            Number of the request; unknown and finished ones are ignored.
        """

    def busy(self) -> bool:
        """Return whether ``step`` has anything to do.

        Returns
        -------
        bool
            Also true while a cancelled request still holds memory that ``step`` frees.
        """

    def step(self) -> list[EngineOutput]:
        """Compute the next tokens of the batch, or a chunk of a waiting prompt.

        It blocks for as long as one pass through the model takes, which bounds how late a new
        request or a cancellation is noticed: well under a second. It is called only while
        ``busy`` returns true.

        Returns
        -------
        list of EngineOutput
            In order for each request; empty if no request got a token.

        Raises
        ------
        Exception
            Whatever the engine's library raises, if the whole batch failed. If one request alone
            failed, its output has ``finished="failed"`` instead.
        """


@runtime_checkable
class CandidateEngine(Protocol):
    """What an engine has, too, if it can return the most probable next tokens of a prompt.

    Attributes
    ----------
    offers_candidates
        Whether it can with its options. Final once ``load`` returns.
    """

    offers_candidates: bool

    def submit_candidates(self, request: int, prompt: Sequence[int], count: int) -> None:
        """Add a request for the most probable next tokens; it has one output, its last one.

        Parameters
        ----------
        request, prompt
            As in :meth:`Engine.submit`.
        count
            Maximum number of tokens to return, 1 or more.
        """
