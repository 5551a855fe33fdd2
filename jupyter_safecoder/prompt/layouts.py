"""The layouts of a prompt: the orders of prefix, suffix and context that models were trained on.

Sources: ``permute()`` of BigCode's Megatron-LM fork for PSM and SPMv2 (SPM "variant 2" of Bavarian
et al. 2022, arXiv:2207.14255); the card of the embedded model for ``context``; Mistral's
``mistral-common`` and the card of JetBrains/Mellum-4b-base for the suffix first.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Parts:
    """Token ids of a prompt's parts.

    Parameters
    ----------
    bos
        Tokens at the start of every prompt.
    fim_prefix, fim_suffix, fim_middle
        One id each; none if the family lacks the token.
    context
        What stands before the current cell.
    prefix, suffix
        The current cell before the cursor, and what follows the cursor, cells below included.
    """

    bos: Sequence[int]
    fim_prefix: Sequence[int]
    fim_suffix: Sequence[int]
    fim_middle: Sequence[int]
    context: Sequence[int]
    prefix: Sequence[int]
    suffix: Sequence[int]


def psm(parts: Parts) -> list[int]:
    """PSM: prefix, suffix, middle. Typed text is inserted before the suffix."""
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
    """SPMv2: the suffix before the prefix, so that typed text is appended to the prompt."""
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
    """SPMv2 after the context, which so stays cached even if the suffix changes."""
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
    """Suffix, then prefix, each after its own token: here too typed text is appended."""
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
    """Only the text before the cursor, for models without FIM tokens."""
    return [*parts.bos, *parts.context, *parts.prefix]


LAYOUTS: dict[str, Callable[[Parts], list[int]]] = {
    "spm": spm,
    "psm": psm,
    "context": context_first,
    "suffix-first": suffix_first,
    "prefix": prefix_only,
}
