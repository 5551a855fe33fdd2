"""Line ends of documents are chosen, completed and scored."""

from __future__ import annotations

from pathlib import Path

import pytest

from jupyter_safecoder.engines import EngineOptions, make_engine
from jupyter_safecoder.engines.scripted import write_scripted_model
from jupyter_safecoder.finetune.corpus.scan import scan
from jupyter_safecoder.finetune.documents import Document
from jupyter_safecoder.finetune.evaluation.evaluate import (
    ExampleCompletion,
    complete_examples,
    eval_examples,
    example_task,
    mean_scores,
)
from jupyter_safecoder.finetune.samples.samples import FimExample
from jupyter_safecoder.models import resolve_model
from jupyter_safecoder.protocol import Cell, CompletionRequest


@pytest.fixture
def documents(team: Path) -> tuple[Document, ...]:
    return scan([team]).documents


def test_examples_are_line_ends_and_the_same_each_time(documents: tuple[Document, ...]) -> None:
    examples = eval_examples(documents, 30)
    assert examples == eval_examples(documents, 30)
    assert len(examples) == 30
    for example in examples:
        request = example.request
        assert len(example.middle.strip()) >= 3
        assert "\n" not in example.middle
        assert request.suffix == "" or request.suffix.startswith("\n")
        cells = [
            cell.source for document in documents for cell in document.cells if cell.type == "code"
        ]
        assert request.prefix + example.middle + request.suffix in cells


def test_each_document_gives_as_many(documents: tuple[Document, ...]) -> None:
    number = len(documents) * 2
    prefixes = [
        example.request.before[0].source
        for example in eval_examples(documents, number)
        if example.request.before
    ]
    assert len(set(prefixes)) > len(documents) / 2
    assert eval_examples((), 5) == []


def test_a_task_is_the_example() -> None:
    example = FimExample(CompletionRequest("a = ", "\nb", (Cell("code", "x"),)), "1")
    task = example_task(example)
    assert task["cells"][task["cell_index"]]["source"] == "a = 1\nb"
    assert (task["prefix"], task["expected"], task["suffix"]) == ("a = ", "1", "\nb")
    assert task["cell_index"] == 1


def test_completions_end_with_their_line_and_keep_their_order(tmp_path: Path) -> None:
    script = {
        "answers": [{"after": "one = ", "text": "1\ntwo = 2"}, {"after": "three = ", "text": "3"}],
        "otherwise": "nothing",
    }
    model = resolve_model(str(write_scripted_model(tmp_path / "model", script)))
    engine = make_engine("scripted", model, EngineOptions())
    engine.load()
    examples = [
        FimExample(CompletionRequest(prefix, ""), middle)
        for prefix, middle in [("one = ", "1"), ("three = ", "4")] * 10
    ]
    shares: list[float] = []
    completions = complete_examples(model, engine, examples, shares.append)
    assert [one.text for one in completions] == ["1", "3"] * 10
    assert [one.exact for one in completions] == [1.0, 0.0] * 10
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
    assert not engine.busy()


def test_scores_are_means() -> None:
    example = FimExample(CompletionRequest("", ""), "x")
    completions = [
        ExampleCompletion(example, "x", 1.0, 1.0),
        ExampleCompletion(example, "y", 0, 0.5),
    ]
    expected = {"exact_match": 0.5, "edit_similarity": 0.75, "loss": 1.2346}
    assert mean_scores(completions, 1.23456) == expected
    assert mean_scores([], 0.0) == {"exact_match": 0, "edit_similarity": 0, "loss": 0.0}
