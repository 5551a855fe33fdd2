"""Evaluates a model: line ends of documents, completed by the engine that serves the model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from random import Random
from typing import Any

from jupyter_safecoder.engines import Engine
from jupyter_safecoder.evaluation.scoring import score
from jupyter_safecoder.finetune.documents import Document
from jupyter_safecoder.finetune.samples.fim_spans import rest_of_line, whole_line
from jupyter_safecoder.finetune.samples.samples import FimExample
from jupyter_safecoder.models import ModelDescription
from jupyter_safecoder.prompt import FAMILIES, build_prompt, stop_ids
from jupyter_safecoder.protocol import Cell, CompletionRequest

#: Maximum tokens of a completion; longer lines are cut.
_MAX_TOKENS = 40
#: Requests that the engine runs at once: together they cost little more than one.
_MAX_RUNNING = 8
#: Shorter line ends are right by chance.
_MIN_CHARACTERS = 3
#: Selects the lines. With another seed, scores could not be compared with earlier ones.
_SEED = "judge"


@dataclass(frozen=True)
class ExampleCompletion:
    """A model's completion of an example, up to the end of the line, with its scores, 0 to 1."""

    example: FimExample
    text: str
    exact: float
    similarity: float


def eval_examples(documents: Sequence[Document], number: int) -> list[FimExample]:
    """Return line ends of documents, the same ones at each call.

    A third of them are whole lines, the others start anywhere in a line.

    Parameters
    ----------
    documents
        Each gives about as many as the others.
    number
        Maximum number of examples.
    """
    found: list[list[FimExample]] = []
    for document in documents:
        random = Random(_SEED)  # noqa: S311 - reproducible, not secret
        found.append([])
        lines = [
            (cell, start)
            for cell, content in enumerate(document.cells)
            if content.type == "code" and not content.source.lstrip().startswith("%")
            for start in _line_starts(content.source)
        ]
        random.shuffle(lines)
        for cell, start in lines:
            source = document.cells[cell].source
            length = len(source[start:].partition("\n")[0])
            if random.random() < 1 / 3:
                span = whole_line(source, start, random)
            else:
                span = rest_of_line(source, start + random.randrange(length), random)
            first, stop = span or (0, 0)
            middle = source[first:stop]
            if len(middle.strip()) < _MIN_CHARACTERS or middle.lstrip().startswith("#"):
                continue
            request = CompletionRequest(
                prefix=source[:first],
                suffix=source[stop:],
                before=document.cells[:cell],
                language=document.language,
            )
            found[-1].append(FimExample(request, middle))
    share = -(-number // max(1, len(found)))
    return [example for examples in found for example in examples[:share]][:number]


def example_task(example: FimExample) -> dict[str, Any]:
    """Return an example as an infilling task, as ``jupyter safecoder infill`` reads it."""
    request = example.request
    cell = Cell("code", request.prefix + example.middle + request.suffix)
    return {
        "cells": [asdict(one) for one in (*request.before, cell)],
        "cell_index": len(request.before),
        "prefix": request.prefix,
        "suffix": request.suffix,
        "expected": example.middle,
    }


def _line_starts(source: str) -> list[int]:
    starts, start = [], 0
    for line in source.split("\n"):
        if line.strip():
            starts.append(start)
        start += len(line) + 1
    return starts


def complete_examples(
    model: ModelDescription,
    engine: Engine,
    examples: Sequence[FimExample],
    progress: Callable[[float], None] = lambda share: None,
) -> list[ExampleCompletion]:
    """Return the completions of a model.

    Parameters
    ----------
    model
        The model: its family, layout and token budgets are used.
    engine
        An engine that has loaded it, and that nothing else uses.
    examples
        What to complete.
    progress
        Called with the share that is done, 0 to 1.
    """
    family, tokenizer = FAMILIES[model.family], engine.tokenizer
    budget = model.budget
    stops = stop_ids(family, tokenizer)
    texts: dict[int, str] = {}
    ids: dict[int, list[int]] = {}
    waiting = list(enumerate(examples, 1))[::-1]
    while waiting or ids:
        while waiting and len(ids) < _MAX_RUNNING:
            number, example = waiting.pop()
            prompt = build_prompt(example.request, family, tokenizer, budget, model.default_layout)
            engine.submit(number, prompt.ids, stops, _MAX_TOKENS)
            ids[number] = []
        for output in engine.step():
            if output.request not in ids:
                continue
            ids[output.request] += output.ids
            text = tokenizer.decode(ids[output.request])
            # The completion of a line that is complete starts with its end.
            if output.finished is not None or "\n" in text:
                texts[output.request] = text.partition("\n")[0]
                del ids[output.request]
                if output.finished is None:
                    engine.cancel(output.request)
                progress(len(texts) / len(examples))
    while engine.busy():
        engine.step()
    return [
        ExampleCompletion(example, texts[number], *score(texts[number], example.middle))
        for number, example in enumerate(examples, 1)
    ]


def mean_scores(completions: Sequence[ExampleCompletion], loss: float) -> dict[str, Any]:
    """Return the mean scores of completions, and the loss of the middles.

    Parameters
    ----------
    completions
        Of the same examples for each model that is compared.
    loss
        In nats per token.
    """
    number = max(1, len(completions))
    return {
        "exact_match": round(sum(one.exact for one in completions) / number, 4),
        "edit_similarity": round(sum(one.similarity for one in completions) / number, 4),
        "loss": round(loss, 4),
    }
