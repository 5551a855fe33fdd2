"""The orders in which a model takes prefix, suffix and context.

Sources: ``permute()`` of BigCode's Megatron-LM fork for PSM and SPMv2 (SPM "variant 2" of Bavarian
et al. 2022, arXiv:2207.14255); the card of the embedded model for ``context``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Parts:
    """Token ids of a prompt's parts; the three texts were tokenized apart."""

    fim_prefix: int
    fim_suffix: int
    fim_middle: int
    context: list[int]
    prefix: list[int]
    suffix: list[int]


def psm(parts: Parts) -> list[int]:
    """Prefix, suffix, middle: what is typed stands before the suffix."""
    return [
        parts.fim_prefix,
        *parts.context,
        *parts.prefix,
        parts.fim_suffix,
        *parts.suffix,
        parts.fim_middle,
    ]


def spm(parts: Parts) -> list[int]:
    """SPMv2: the suffix first, then the prefix, so that the prompt grows only at its end."""
    return [
        parts.fim_prefix,
        parts.fim_suffix,
        *parts.suffix,
        parts.fim_middle,
        *parts.context,
        *parts.prefix,
    ]


def context_first(parts: Parts) -> list[int]:
    """SPMv2 behind the context, which then stays cached even when the suffix changes."""
    return [
        *parts.context,
        parts.fim_prefix,
        parts.fim_suffix,
        *parts.suffix,
        parts.fim_middle,
        *parts.prefix,
    ]


LAYOUTS: dict[str, Callable[[Parts], list[int]]] = {
    "spm": spm,
    "psm": psm,
    "context": context_first,
}
