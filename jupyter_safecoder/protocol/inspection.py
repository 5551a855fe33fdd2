"""What the model was sent, for a request that asks for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

PromptSource = Literal["cells", "below", "kernel", "modules", "files", "prefix", "suffix"]


@dataclass(frozen=True)
class PromptSection:
    """A part of a prompt, as the model got it.

    Parameters
    ----------
    source
        What it was made of.
    text, tokens
        Its text without special tokens, and its number of tokens with them.
    cut
        Number of characters of the request that did not fit.
    left_out
        Number of cells, names or excerpts that did not fit.
    """

    source: PromptSource
    text: str
    tokens: int
    cut: int = 0
    left_out: int = 0


@dataclass(frozen=True)
class Inspection:
    """What the model was sent, and what it wrote before stop rules and filters.

    Parameters
    ----------
    sections
        Sections of the prompt, in its order.
    raw_text
        What the model wrote; empty if that was a key or password.
    queue_ms, prompt_ms
        Milliseconds in the queue, and for building the prompt.
    """

    sections: tuple[PromptSection, ...]
    raw_text: str
    queue_ms: float
    prompt_ms: float

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Inspection:
        """Return the inspection that a valid JSON object describes."""
        sections = tuple(PromptSection(**section) for section in data["sections"])
        return cls(**{**data, "sections": sections})
