"""The completions that differ most are shown, gains and losses both."""

from __future__ import annotations

from jupyter_safecoder.finetune.evaluation.comparison import before_and_after
from jupyter_safecoder.finetune.evaluation.evaluate import ExampleCompletion
from jupyter_safecoder.finetune.samples.samples import FimExample
from jupyter_safecoder.protocol import CompletionRequest


def completion(number: int, text: str, similarity: float) -> ExampleCompletion:
    example = FimExample(CompletionRequest(f"line above\nx{number} = ", ""), "middle" * 30)
    return ExampleCompletion(example, text, 0.0, similarity)


def test_the_largest_difference_is_first() -> None:
    before = [completion(0, "a", 0.5), completion(1, "b", 0.9), completion(2, "c", 0.1)]
    after = [completion(0, "a", 0.5), completion(1, "d", 0.2), completion(2, "e", 0.4)]
    rows = before_and_after(before, after)
    assert [(row["base"], row["tuned"], row["better"]) for row in rows] == [
        ("b", "d", False),
        ("c", "e", True),
    ]
    assert rows[0]["prefix"] == "x1 = "
    assert len(str(rows[0]["expected"])) == 80


def test_a_dozen_at_most() -> None:
    before = [completion(n, "a", 0.0) for n in range(20)]
    assert len(before_and_after(before, [completion(n, "b", 1.0) for n in range(20)])) == 12
