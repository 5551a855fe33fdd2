"""What the model was sent, for the user who sent it: sections of the prompt, and what was cut.

Pure functions, called only for requests that ask for it. Nothing of it is stored.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from jupyter_safecoder.prompt import LAYOUTS, Prompt, Tokenizer
from jupyter_safecoder.prompt.kernel_names import kernel_lines
from jupyter_safecoder.prompt.layouts import Parts
from jupyter_safecoder.protocol import CompletionRequest, Inspection, PromptSection, PromptSource

#: Maximum number of characters of a section in a response.
MAX_CHARACTERS = 65_536
#: Maximum number of lines of a source that are compared with its section.
_MAX_LINES = 20_000
#: Sections in the order of the prompt, where the layout has context, prefix and suffix.
_PARTS: Sequence[tuple[PromptSource, ...]] = (
    ("modules", "files", "cells", "kernel"),
    ("prefix",),
    ("suffix", "below"),
)


def inspect_prompt(
    prompt: Prompt,
    request: CompletionRequest,
    masked: CompletionRequest,
    tokenizer: Tokenizer,
    queue_ms: float,
    prompt_ms: float,
) -> Inspection:
    """Return the sections of a prompt, in its order, and what of the request they lack.

    Parameters
    ----------
    prompt
        From :func:`.build_prompt`.
    request
        As the user sent it.
    masked
        What the prompt was built from: without keys, passwords and distant cells.
    tokenizer
        The model's.
    queue_ms, prompt_ms
        Milliseconds in the queue, and for building the prompt.
    """
    sections = tuple(_sections(prompt, request, masked, tokenizer))
    return Inspection(sections, "", queue_ms, prompt_ms)


def _sections(
    prompt: Prompt, request: CompletionRequest, masked: CompletionRequest, tokenizer: Tokenizer
) -> Iterator[PromptSection]:
    ids: dict[PromptSource, Sequence[int]] = {
        "modules": prompt.context.modules,
        "cells": prompt.context.cells,
        "files": prompt.context.files,
        "kernel": prompt.context.kernel,
        "prefix": prompt.prefix,
        "suffix": prompt.suffix,
        "below": prompt.below,
    }
    sent, used = _items(request), _items(masked)
    cursor: dict[PromptSource, str] = {"prefix": masked.prefix, "suffix": masked.suffix}
    for source in _order(prompt.layout):
        text = tokenizer.decode(ids[source])
        if source in cursor:
            cut, left_out = max(0, len(cursor[source]) - len(text)), 0
        else:
            cut, left_out = _missing(used[source], text)
            cut += max(0, sum(map(len, sent[source])) - sum(map(len, used[source])))
            left_out += len(sent[source]) - len(used[source])
        if text or cut or left_out:
            is_start = source in _PARTS[2]
            shown = text[:MAX_CHARACTERS] if is_start else text[-MAX_CHARACTERS:]
            yield PromptSection(source, shown, len(ids[source]), cut, left_out)


def _items(request: CompletionRequest) -> dict[PromptSource, list[str]]:
    """Return the texts of each source besides the current cell."""
    return {
        "modules": [excerpt.text for excerpt in request.modules],
        "cells": [cell.source for cell in request.before],
        "files": [excerpt.text for excerpt in request.files],
        "kernel": kernel_lines(request.kernel),
        "below": [cell.source for cell in request.below],
    }


def _order(layout: str) -> list[PromptSource]:
    """Return the sources of a layout in its order."""
    context, prefix, suffix = range(3)
    order = LAYOUTS[layout](
        Parts(
            bos=[],
            fim_prefix=[],
            fim_suffix=[],
            fim_middle=[],
            context=[context],
            prefix=[prefix],
            suffix=[suffix],
        )
    )
    return [source for part in order for source in _PARTS[part]]


def _missing(items: Iterable[str], text: str) -> tuple[int, int]:
    """Return how many characters of texts, and how many whole texts, a section lacks.

    White space does not count: tokenizers may write it otherwise, and cells are stripped.
    """
    section = _squeeze(text)
    characters = missing = lines = 0
    for item in items:
        written = [line for line in item.split("\n") if line.strip()]
        lines += len(written)
        if lines > _MAX_LINES:
            lacking = written
        else:
            lacking = [line for line in written if _squeeze(line) not in section]
        characters += sum(map(len, lacking))
        missing += bool(written) and len(lacking) == len(written)
    return characters, missing


def _squeeze(text: str) -> str:
    return "".join(text.split())
