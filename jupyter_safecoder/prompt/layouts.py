"""The orders in which a model takes prefix, suffix and context.

Sources: ``permute()`` of BigCode's Megatron-LM fork for PSM and SPMv2 (SPM "variant 2" of Bavarian
et al. 2022, arXiv:2207.14255); the card of the embedded model for ``context``; Mistral's
``mistral-common`` for the suffix first.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Parts:
    """Token ids of a prompt's parts; the three texts were tokenized apart.

    Each FIM token is one id, or none where the family lacks it.
    """

    bos: Sequence[int]
    fim_prefix: Sequence[int]
    fim_suffix: Sequence[int]
    fim_middle: Sequence[int]
    context: Sequence[int]
    prefix: Sequence[int]
    suffix: Sequence[int]


def psm(parts: Parts) -> list[int]:
    """Prefix, suffix, middle: what is typed stands before the suffix."""
    return [
        *parts.bos,
        *parts.fim_prefix,
        *parts.context,
        *parts.prefix,
        *parts.fim_suffix,
        *parts.suffix,
        *parts.fim_middle,
    ]


def spm(parts: Parts) -> list[int]:
    """SPMv2: the suffix first, then the prefix, so that the prompt grows only at its end."""
    return [
        *parts.bos,
        *parts.fim_prefix,
        *parts.fim_suffix,
        *parts.suffix,
        *parts.fim_middle,
        *parts.context,
        *parts.prefix,
    ]


def context_first(parts: Parts) -> list[int]:
    """SPMv2 behind the context, which then stays cached even when the suffix changes."""
    return [
        *parts.bos,
        *parts.context,
        *parts.fim_prefix,
        *parts.fim_suffix,
        *parts.suffix,
        *parts.fim_middle,
        *parts.prefix,
    ]


def suffix_first(parts: Parts) -> list[int]:
    """Suffix, then prefix, each behind its own token: the prompt grows only at its end here too."""
    return [
        *parts.bos,
        *parts.fim_suffix,
        *parts.suffix,
        *parts.fim_prefix,
        *parts.context,
        *parts.prefix,
        *parts.fim_middle,
    ]


def prefix_only(parts: Parts) -> list[int]:
    """What stands before the cursor alone, for models without FIM tokens."""
    return [*parts.bos, *parts.context, *parts.prefix]


LAYOUTS: dict[str, Callable[[Parts], list[int]]] = {
    "spm": spm,
    "psm": psm,
    "context": context_first,
    "suffix-first": suffix_first,
    "prefix": prefix_only,
}
