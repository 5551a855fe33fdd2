"""Did it help? Line ends of held-out documents, completed by the engine that will serve them."""

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
from jupyter_safecoder.prompt import FAMILIES, Budget, build_prompt, stop_ids
from jupyter_safecoder.protocol import Cell, CompletionRequest

#: Tokens of an answer: longer lines than this are nobody's wish.
_TOKENS = 40
#: Asked at once: what the engine computes together costs little more than one alone.
_AT_ONCE = 8
#: A line's end with less than this in it says nothing.
_LEAST = 3


@dataclass(frozen=True)
class ExampleCompletion:
    """What the model wrote at a place, up to the end of the line, and how good it is, 0 to 1."""

    place: FimExample
    text: str
    exact: float
    similarity: float


def eval_examples(documents: Sequence[Document], number: int) -> list[FimExample]:
    """Return about so many cursors, spread over the documents, the same ones at each call.

    A third of them at the begin of a line, the others anywhere in one.
    """
    found: list[list[FimExample]] = []
    for document in documents:
        random = Random("judge")  # noqa: S311 - to be repeated, not secret
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
                begin, end = whole_line(source, start, random) or (0, 0)
            else:
                begin, end = rest_of_line(source, start + random.randrange(length), random) or (
                    0,
                    0,
                )
            middle = source[begin:end]
            if len(middle.strip()) < _LEAST or middle.lstrip().startswith("#"):
                continue
            request = CompletionRequest(
                prefix=source[:begin],
                suffix=source[end:],
                before=document.cells[:cell],
                language=document.language,
            )
            found[-1].append(FimExample(request, middle))
    share = -(-number // max(1, len(found)))
    return [place for places in found for place in places[:share]][:number]


def example_task(place: FimExample) -> dict[str, Any]:
    """Return a cursor as an infilling task, as ``jupyter safecoder infill`` reads it."""
    request = place.request
    own = Cell("code", request.prefix + place.middle + request.suffix)
    return {
        "cells": [asdict(cell) for cell in (*request.before, own)],
        "cell_index": len(request.before),
        "prefix": request.prefix,
        "suffix": request.suffix,
        "expected": place.middle,
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
    places: Sequence[FimExample],
    progress: Callable[[float], None] = lambda share: None,
) -> list[ExampleCompletion]:
    """Return what a loaded engine writes at each place.

    Parameters
    ----------
    model
        Whose prompts to build.
    engine
        Loaded, and nobody else's.
    places
        Where to ask.
    progress
        Called with the share that is done, 0 to 1.
    """
    family, tokenizer = FAMILIES[model.family], engine.tokenizer
    budget = Budget(model.context_tokens, model.prefix_tokens, model.suffix_tokens)
    stops = stop_ids(family, tokenizer)
    texts: dict[int, str] = {}
    ids: dict[int, list[int]] = {}
    waiting = list(enumerate(places, 1))[::-1]
    while waiting or ids:
        while waiting and len(ids) < _AT_ONCE:
            number, place = waiting.pop()
            prompt = build_prompt(place.request, family, tokenizer, budget, model.default_layout)
            engine.submit(number, prompt.ids, stops, _TOKENS)
            ids[number] = []
        for output in engine.step():
            if output.request not in ids:
                continue
            ids[output.request] += output.ids
            text = tokenizer.decode(ids[output.request])
            # An answer may begin with the end of a line that is complete already.
            if output.finished is not None or "\n" in text:
                texts[output.request] = text.partition("\n")[0]
                del ids[output.request]
                if output.finished is None:
                    engine.cancel(output.request)
                progress(len(texts) / len(places))
    while engine.busy():
        engine.step()
    return [
        ExampleCompletion(place, texts[number], *score(texts[number], place.middle))
        for number, place in enumerate(places, 1)
    ]


def scores(answers: Sequence[ExampleCompletion], loss: float) -> dict[str, Any]:
    """Return the means of answers beside the loss of the middles."""
    number = max(1, len(answers))
    return {
        "exact_match": round(sum(answer.exact for answer in answers) / number, 4),
        "edit_similarity": round(sum(answer.similarity for answer in answers) / number, 4),
        "loss": round(loss, 4),
    }
