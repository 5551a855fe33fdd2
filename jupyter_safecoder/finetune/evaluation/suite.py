"""The examples that an adapter is evaluated with, and its scores beside those of its base."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from jupyter_safecoder.finetune.corpus.corpus import Corpus
from jupyter_safecoder.finetune.corpus.stdlib import stdlib_documents
from jupyter_safecoder.finetune.samples.samples import FimExample

from .evaluate import ExampleCompletion, eval_examples, mean_scores
from .memorization import memorization_examples

#: Maximum examples of general code.
_MAX_GENERAL = 50


@dataclass(frozen=True)
class Losses:
    """Losses before and after training, in nats per token.

    Parameters
    ----------
    held_out, general
        Of held-out documents and of general code: that of the base model, and that of the adapter.
    """

    held_out: tuple[float, float]
    general: tuple[float, float]


@dataclass(frozen=True)
class EvaluationSuite:
    """The examples of an evaluation.

    Parameters
    ----------
    held_out
        Line ends of held-out documents.
    general
        Line ends of Python's standard library.
    probe
        Examples that are completed from memory only.
    """

    held_out: list[FimExample]
    general: list[FimExample]
    probe: list[FimExample]

    @classmethod
    def of(cls, corpus: Corpus, number: int) -> EvaluationSuite:
        """Return the suite of a corpus.

        Parameters
        ----------
        corpus
            Redacted documents.
        number
            Maximum examples of held-out documents, and of general code if that is not more than 50.
        """
        return cls(
            eval_examples(corpus.held_out, number),
            eval_examples(stdlib_documents("eval"), min(_MAX_GENERAL, number)),
            memorization_examples(corpus),
        )

    @property
    def compared(self) -> list[FimExample]:
        """The examples whose completions are scored: the held-out ones, then the general ones."""
        return [*self.held_out, *self.general]

    @property
    def all(self) -> list[FimExample]:
        """All examples: the compared ones, then the probe's."""
        return [*self.compared, *self.probe]

    def scores(
        self,
        before: Sequence[ExampleCompletion],
        after: Sequence[ExampleCompletion],
        losses: Losses,
    ) -> dict[str, Any]:
        """Return the scores of the base model and of the adapter.

        Parameters
        ----------
        before, after
            Completions of the base model and of the adapter, for :attr:`all`.
        losses
            Of both.

        Returns
        -------
        dict
            ``held_out`` and ``general``, each with the scores of ``base`` and ``tuned``.
        """
        start, stop = len(self.held_out), len(self.compared)
        return {
            "held_out": {
                "base": mean_scores(before[:start], losses.held_out[0]),
                "tuned": mean_scores(after[:start], losses.held_out[1]),
            },
            "general": {
                "base": mean_scores(before[start:stop], losses.general[0]),
                "tuned": mean_scores(after[start:stop], losses.general[1]),
            },
        }
