"""Builds a prompt: the token ids of a completion request in the layout that a model takes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from jupyter_safecoder.languages import language_of
from jupyter_safecoder.protocol import CompletionRequest

from .budget import CHARACTERS_PER_TOKEN, Budget
from .cell_encoder import CellEncoder
from .families import FimFamily
from .language import cell_language, magic_line
from .layouts import LAYOUTS, Parts
from .notebook import Context, encode_context
from .sources import below_ids
from .tokenizer import Tokenizer
from .window import anchored_start, tail


@dataclass(frozen=True)
class Prompt:
    """A prompt, and how it was built.

    Parameters
    ----------
    ids
        Token ids.
    layout
        Name of the layout.
    language
        Language of the current cell.
    context
        What stands before the current cell.
    prefix, suffix, below
        Token ids of the current cell before and after the cursor, and of the cells below.
    """

    ids: list[int]
    layout: str
    language: str
    context: Context
    prefix: Sequence[int]
    suffix: Sequence[int]
    below: Sequence[int]

    @property
    def context_tokens(self) -> int:
        """Number of tokens before the current cell."""
        return len(self.context.ids)

    @property
    def prefix_tokens(self) -> int:
        """Number of tokens of the current cell before the cursor."""
        return len(self.prefix)


def build_prompt(
    request: CompletionRequest,
    family: FimFamily,
    tokenizer: Tokenizer,
    budget: Budget,
    layout: str,
) -> Prompt:
    """Return the prompt of a request.

    Prefix, suffix and cells are tokenized separately, because the models were trained on cuts at
    any character. Text that spells a special token stays text.

    Parameters
    ----------
    request
        The cursor, and what is known around it.
    family
        Gives the special tokens.
    tokenizer
        The model's.
    budget
        Maximum number of tokens of each part.
    layout
        A name of :data:`.LAYOUTS`.

    Raises
    ------
    ValueError
        If the tokenizer lacks a special token of the family.
    """
    request = replace(request, language=language_of(request.language))
    language = cell_language(request.prefix, request.language)
    encoder = CellEncoder(request.language, family, tokenizer)
    context = encode_context(request, encoder, budget)
    prefix_text = "" if context.ids else family.prefix_text
    prefix = _prefix_ids(prefix_text + request.prefix, tokenizer, budget.prefix)
    suffix = _suffix_ids(request.suffix, tokenizer, budget.suffix)
    # The text of a suffix that was cut does not go on with the cells below.
    follows = len(suffix) < budget.suffix
    below = below_ids(request.below, encoder, budget.below) if follows else []
    parts = Parts(
        bos=[*tokenizer.bos_ids, *(tokenizer.token_id(name) for name in family.bos_tokens)],
        fim_prefix=_special_ids(family.prefix, tokenizer),
        fim_suffix=_special_ids(family.suffix, tokenizer),
        fim_middle=_special_ids(family.middle, tokenizer),
        context=context.ids,
        prefix=prefix,
        suffix=[*suffix, *below],
    )
    return Prompt(LAYOUTS[layout](parts), layout, language, context, prefix, suffix, below)


def _special_ids(name: str, tokenizer: Tokenizer) -> list[int]:
    return [tokenizer.token_id(name)] if name else []


def _prefix_ids(prefix: str, tokenizer: Tokenizer, budget: int) -> list[int]:
    text = tail(prefix, budget * CHARACTERS_PER_TOKEN)
    ids = tokenizer.encode(text)
    start = anchored_start(len(ids), budget)
    if start == 0 and len(text) == len(prefix):
        return ids
    # The cell magic gives the language, so it stays when the text after it is cut.
    magic = magic_line(prefix[: 8 * budget])
    return tokenizer.encode(magic)[: budget // 4] + ids[start:]


def _suffix_ids(suffix: str, tokenizer: Tokenizer, budget: int) -> list[int]:
    return tokenizer.encode(suffix[: budget * CHARACTERS_PER_TOKEN])[:budget]
