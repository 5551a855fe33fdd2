"""The prompts of somebody who types a line into a notebook, as token ids."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import cycle

from jupyter_safecoder.evaluation.tasks import SAMPLE, notebook_tasks, task_request
from jupyter_safecoder.models import ModelDescription
from jupyter_safecoder.models.tokenizer import FileTokenizer
from jupyter_safecoder.prompt import FAMILIES, Budget, Prompt, build_prompt
from jupyter_safecoder.protocol import Cell

_PREFIX_TOKENS, _SUFFIX_TOKENS = 256, 96


@dataclass(frozen=True)
class TypedPrompts:
    """``cold`` begin with different tokens; ``keystrokes`` go on from the last of them."""

    cold: Sequence[list[int]]
    keystrokes: Sequence[list[int]]


def typed_prompts(
    model: ModelDescription, context_tokens: int, cold: int, keys: int
) -> TypedPrompts:
    """Return the prompts of ``keys`` keystrokes behind at least ``context_tokens`` of context.

    The layout is SPMv2 where the model has it. Each prompt is tokenized anew, so that a key may
    change the last token instead of adding one. Its first token is not a person's: it makes each
    ``cold`` prompt new to every prefix cache.
    """
    tokenizer = FileTokenizer(model.tokenizer)
    layout = "spm" if "spm" in model.layouts else model.default_layout
    budget = Budget(2 * context_tokens + 4096, _PREFIX_TOKENS, _SUFFIX_TOKENS)
    task = max(notebook_tasks(SAMPLE), key=lambda task: len(task["expected"]))
    request = task_request(task)
    cells = [Cell(c["type"], c["source"]) for c in task["cells"]]
    neighbours = cycle(cells)
    before: list[Cell] = []

    def prompt(typed: int) -> Prompt:
        prefix = request.prefix + task["expected"][:typed]
        typing = replace(request, prefix=prefix, before=tuple(before))
        return build_prompt(typing, FAMILIES[model.family], tokenizer, budget, layout)

    while (opened := prompt(0)).context_tokens < context_tokens:
        before.append(next(neighbours))
    firsts = sorted(set(opened.ids))[:cold]
    return TypedPrompts(
        [[first, *opened.ids] for first in firsts],
        [[firsts[-1], *prompt(typed).ids] for typed in range(1, keys + 1)],
    )
