"""What the protocols of other editors have in common."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from jupyter_safecoder.openai_protocol import OpenAIRequest

#: How a completion ended: the model ended it, one of the request's texts, or the limit of tokens.
Ending = Literal["end", "stop", "limit"]


@dataclass(frozen=True)
class Part:
    """New text of a completion.

    Parameters
    ----------
    text
        What is new.
    tokens
        Number of tokens of the whole completion so far.
    ending
        How it ended; ``None`` before the last part.
    stop
        The text that ended it; empty if none did.
    token_texts, logprobs
        Each new token and its log-probability; ``None``: not asked for, or not known.
    """

    text: str
    tokens: int
    ending: Ending | None = None
    stop: str = ""
    token_texts: Sequence[str] = ()
    logprobs: Sequence[float] | None = None

    @property
    def finish_reason(self) -> str | None:
        """OpenAI's word for how it ended; ``None`` before the last part."""
        return None if self.ending is None else "length" if self.ending == "limit" else "stop"


@dataclass
class Answer:
    """What all bodies of one response have in common.

    Parameters
    ----------
    completion_id, created, model
        Id of the completion, its time in seconds since 1970, name of the model.
    prompt_tokens
        Number of tokens of the prompt.
    context_window
        Of the model, in tokens.
    characters
        Number of characters that were sent before; changed by each part.
    prompt_ms, predicted_ms
        Milliseconds until the first token, and from then on.
    """

    completion_id: str
    created: int
    model: str
    prompt_tokens: int
    context_window: int
    characters: int = 0
    prompt_ms: float = 0.0
    predicted_ms: float = 0.0


class EditorProtocol(ABC):
    """A form of requests and responses.

    Text is never generated here: each method maps plain data to plain data.
    """

    #: Path of the endpoint.
    path: ClassVar[str]
    #: The last line of a stream; empty: it has none.
    end_of_stream: ClassVar[str] = "data: [DONE]\n\n"

    @abstractmethod
    def parse(self, body: bytes) -> OpenAIRequest:
        """Return the request of a JSON body.

        Raises
        ------
        InvalidRequest
            If the body is not a request, or asks for something that is not supported.
        """

    @abstractmethod
    def to_json(self, request: OpenAIRequest) -> bytes:
        """Return the JSON body of a request."""

    @abstractmethod
    def whole(self, request: OpenAIRequest, answer: Answer, part: Part) -> dict[str, Any]:
        """Return the body of a response that is not streamed.

        Parameters
        ----------
        request
            The request.
        answer
            Of the response.
        part
            All of the text, and how it ended.
        """

    @abstractmethod
    def chunks(self, request: OpenAIRequest, answer: Answer, part: Part) -> list[dict[str, Any]]:
        """Return the bodies of the next events of a stream.

        Parameters
        ----------
        request, answer
            As for :meth:`whole`.
        part
            What is new.
        """

    def counted(self, request: OpenAIRequest) -> OpenAIRequest:
        """Return a request whose response says the numbers of its tokens."""
        return request


def dump(body: dict[str, Any]) -> str:
    """Return a body as JSON on one line; a lone surrogate is an escape."""
    return json.dumps(body, ensure_ascii=True)


def event(body: dict[str, Any]) -> str:
    """Return a body as a server-sent event."""
    return f"data: {dump(body)}\n\n"
