"""The prompts of a user who types a line into a notebook, as token ids."""

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
    """Prompts to measure with.

    Parameters
    ----------
    cold
        Prompts that start with different tokens, so that no prefix cache helps.
    keystrokes
        Prompts that continue the last of them, one keystroke each.
    """

    cold: Sequence[list[int]]
    keystrokes: Sequence[list[int]]


def typed_prompts(
    model: ModelDescription, context_tokens: int, cold: int, keystrokes: int
) -> TypedPrompts:
    """Return the prompts of a user who types.

    The layout is SPMv2 if the model has it. Each prompt is tokenized as a whole, so a keystroke may
    change the last token instead of adding one.

    Parameters
    ----------
    model
        The model.
    context_tokens
        Minimum number of tokens of the cells above.
    cold
        Number of cold prompts.
    keystrokes
        Number of keystrokes.
    """
    tokenizer = FileTokenizer(model.tokenizer)
    layout = "spm" if "spm" in model.layouts else model.default_layout
    budget = Budget(2 * context_tokens + 4096, _PREFIX_TOKENS, _SUFFIX_TOKENS)
    task = max(notebook_tasks(SAMPLE), key=lambda task: len(task["expected"]))
    request = task_request(task)
    cells = cycle([Cell(c["type"], c["source"]) for c in task["cells"]])
    before: list[Cell] = []

    def prompt(typed: int) -> Prompt:
        prefix = request.prefix + task["expected"][:typed]
        typing = replace(request, prefix=prefix, before=tuple(before))
        return build_prompt(typing, FAMILIES[model.family], tokenizer, budget, layout)

    while (opened := prompt(0)).context_tokens < context_tokens:
        before.append(next(cells))
    # A first token that no user would type makes each cold prompt new to every prefix cache.
    firsts = sorted(set(opened.ids))[:cold]
    return TypedPrompts(
        [[first, *opened.ids] for first in firsts],
        [[firsts[-1], *prompt(typed).ids] for typed in range(1, keystrokes + 1)],
    )
