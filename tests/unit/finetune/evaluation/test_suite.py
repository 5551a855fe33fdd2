"""Scores of the base model and of the adapter on the same examples."""

from __future__ import annotations

from pathlib import Path

from jupyter_safecoder.finetune.corpus.corpus import build_corpus
from jupyter_safecoder.finetune.evaluation.evaluate import ExampleCompletion
from jupyter_safecoder.finetune.evaluation.suite import EvaluationSuite, Losses
from jupyter_safecoder.finetune.samples.samples import FimExample


def completions(examples: list[FimExample], exact: float) -> list[ExampleCompletion]:
    return [ExampleCompletion(example, "", exact, exact) for example in examples]


def test_general_code_has_fifty_examples_at_most(team: Path) -> None:
    corpus = build_corpus([team])
    suite = EvaluationSuite.of(corpus, 60)
    assert len(suite.general) == 50
    assert len(EvaluationSuite.of(corpus, 12).general) == 12
    assert suite.all == [*suite.held_out, *suite.general, *suite.probe]


def test_scores_are_those_of_their_examples(team: Path) -> None:
    suite = EvaluationSuite.of(build_corpus([team]), 8)
    before = completions(suite.held_out, 0.1) + completions(suite.general, 0.2)
    after = (
        completions(suite.held_out, 0.3)
        + completions(suite.general, 0.4)
        + completions(suite.probe, 1.0)
    )
    losses = Losses(held_out=(2.0, 1.5), general=(1.0, 1.1))
    scores = suite.scores(before, after, losses)
    exact = {
        (part, side): row["exact_match"]
        for part, sides in scores.items()
        for side, row in sides.items()
    }
    assert exact == {
        ("held_out", "base"): 0.1,
        ("held_out", "tuned"): 0.3,
        ("general", "base"): 0.2,
        ("general", "tuned"): 0.4,
    }
    assert scores["held_out"]["tuned"]["loss"] == 1.5
    assert scores["general"]["base"]["loss"] == 1.0
