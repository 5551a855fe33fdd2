"""Encodes what a request knows besides the cells above: modules, files, kernel, cells below.

Each source has its own budget, so that a change of one never moves another's start. The items of a
source are the most useful first, and the first ones that fit are taken.
"""

from __future__ import annotations

from collections.abc import Sequence

from jupyter_safecoder.protocol import Cell, Excerpt, KernelName

from . import cell_script
from .budget import CHARACTERS_PER_TOKEN
from .cell_tokens import cell_ids
from .families import FimFamily
from .kernel_names import kernel_lines
from .tokenizer import Tokenizer


def excerpt_ids(
    excerpts: Sequence[Excerpt], language: str, family: FimFamily, tokenizer: Tokenizer, budget: int
) -> list[int]:
    """Return the token ids of parts of other files, each a cell that begins with its path.

    Parameters
    ----------
    excerpts
        The parts, the most useful first; the last one that fits is cut at a line.
    language
        Language of the kernel.
    family
        Gives the notebook tokens; without them cells are written as a script.
    tokenizer
        The model's.
    budget
        Maximum number of tokens.
    """
    comment = cell_script.comment_start(language)
    ids: list[int] = []
    for excerpt in excerpts:
        path = " ".join(excerpt.path.split())
        head = f"{comment} {path}"
        lines = [head, *excerpt.text.strip("\n")[: budget * CHARACTERS_PER_TOKEN].split("\n")]
        fitting = _fitting(lines, tokenizer, budget - len(ids))
        if fitting > 1:
            ids += _cell("\n".join(lines[:fitting]), language, family, tokenizer)
        if fitting < len(lines):
            break
    return ids


def kernel_ids(
    names: Sequence[KernelName], language: str, family: FimFamily, tokenizer: Tokenizer, budget: int
) -> list[int]:
    """Return the token ids of the names in the kernel, one cell of comments.

    Parameters
    ----------
    names
        The names, the most useful first. The most useful is written last, next to the cursor.
    language
        Language of the kernel.
    family
        Gives the notebook tokens; without them cells are written as a script.
    tokenizer
        The model's.
    budget
        Maximum number of tokens.
    """
    comment = cell_script.comment_start(language)
    head = f"{comment} Names in the kernel:"
    taken: list[str] = []
    room = budget - _CELL_TOKENS - _length(head, tokenizer)
    for line in kernel_lines(names):
        text = f"{comment} {line}"
        tokens = _length(text, tokenizer)
        if tokens <= room:
            taken.append(text)
            room -= tokens
    if not taken:
        return []
    return _cell("\n".join([head, *reversed(taken)]), language, family, tokenizer)


def below_ids(
    below: Sequence[Cell], language: str, family: FimFamily, tokenizer: Tokenizer, budget: int
) -> list[int]:
    """Return the token ids of the cells below, which follow the rest of the current cell.

    Parameters
    ----------
    below
        The cells below, in notebook order. Whole cells are taken, the nearest ones.
    language
        Language of the kernel.
    family
        Gives the notebook tokens; without them cells are written as a script.
    tokenizer
        The model's.
    budget
        Maximum number of tokens.
    """
    ids: list[int] = []
    for cell in below:
        source = cell.source.strip()
        if cell.type == "raw" or not source:
            continue
        if len(source) > budget * CHARACTERS_PER_TOKEN:
            break
        if family.notebook:
            encoded = cell_ids(Cell(cell.type, source), "", family.notebook, tokenizer)
        else:
            text = cell_script.cell_text(Cell(cell.type, source), "", language)
            encoded = tokenizer.encode_cell(f"\n\n{text}".rstrip("\n"))
        if len(ids) + len(encoded) > budget:
            break
        ids += encoded
    return ids


#: Room for the tokens that open a cell.
_CELL_TOKENS = 8


def _cell(source: str, language: str, family: FimFamily, tokenizer: Tokenizer) -> list[int]:
    cell = Cell("code", source)
    if family.notebook:
        return cell_ids(cell, "", family.notebook, tokenizer)
    return tokenizer.encode_cell(cell_script.cell_text(cell, "", language))


def _fitting(lines: Sequence[str], tokenizer: Tokenizer, budget: int) -> int:
    """Return how many of the first lines fit into the budget."""
    room = budget - _CELL_TOKENS
    for number, line in enumerate(lines):
        room -= _length(line, tokenizer)
        if room < 0:
            return number
    return len(lines)


def _length(line: str, tokenizer: Tokenizer) -> int:
    return len(tokenizer.encode_cell(f"{line}\n"))
