"""The order in which a corpus is learned: a function of the seed, so that it can be resumed."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from random import Random

from jupyter_safecoder.finetune.documents import Document
from jupyter_safecoder.finetune.recipe import Recipe

from .packing import Pack, build_prefix_tree, pack_trees, split_samples
from .samples import MIDDLE_WEIGHT, SampleBuilder

#: Tokens that the validation loss is computed on: some seconds on two cores.
_VALIDATION_TOKENS = 2500
#: Documents whose samples are shuffled together: a team's all, of a library's thousands some.
_SHUFFLED_DOCUMENTS = 64


class Batches:
    """Packs of a corpus, one epoch after the other.

    Parameters
    ----------
    documents
        The documents to learn from.
    replay
        Documents of general code, mixed in against forgetting.
    builder
        Builds samples.
    recipe
        Settings.
    weights
        How often each document occurs in an epoch, in the mean; empty: each once.
    """

    def __init__(
        self,
        documents: Sequence[Document],
        replay: Sequence[Document],
        builder: SampleBuilder,
        recipe: Recipe,
        weights: Sequence[float] = (),
    ) -> None:
        self._documents = documents
        self._replay = replay
        self._builder = builder
        self._recipe = recipe
        self._weights = weights

    def __iter__(self) -> Iterator[Pack]:
        number = 0
        while True:
            yield from self.epoch(number)
            number += 1

    def epoch(self, number: int) -> Iterator[Pack]:
        """Yield the packs of an epoch; each epoch has other spans."""
        random = self._random(number)
        for part in self._parts(random):
            yield from self._packs(part, random)

    def packs_per_epoch(self) -> int:
        """Return about how many packs an epoch has, estimated from its first documents."""
        random = self._random(0)
        parts = self._parts(random)
        return math.ceil(
            len(self._packs(parts[0], random)) * sum(map(len, parts)) / max(1, len(parts[0]))
        )

    def _random(self, epoch: int) -> Random:
        return Random(f"{self._recipe.seed}/{epoch}")  # noqa: S311 - reproducible, not secret

    def _parts(self, random: Random) -> list[list[Document]]:
        """Return the documents of an epoch in the parts that are shuffled together."""
        if not self._weights:
            chosen = list(self._documents)
        else:
            chosen = [
                document
                for document, weight in zip(self._documents, self._weights, strict=True)
                for _ in range(int(weight) + (random.random() < weight % 1))
            ]
        size = _SHUFFLED_DOCUMENTS
        if len(chosen) > size:
            random.shuffle(chosen)
        return [chosen[i : i + size] for i in range(0, len(chosen), size)] or [[]]

    def _packs(self, documents: Sequence[Document], random: Random) -> list[Pack]:
        trees = [tree for document in documents for tree in self._trees(document, random)]
        share = self._recipe.replay_share
        replayed = share / (1 - share) * sum(tree.samples for tree in trees)
        while self._replay and replayed > 0:
            for tree in self._trees(random.choice(self._replay), random)[:1]:
                trees.append(tree)
                replayed -= tree.samples
        random.shuffle(trees)
        return pack_trees(trees, self._recipe.tokens_per_step)

    def _trees(self, document: Document, random: Random) -> list[Pack]:
        samples = list(self._builder.samples(document, random))
        tokens = self._recipe.tokens_per_step // self._recipe.trees_per_step
        return [build_prefix_tree(run) for run in split_samples(samples, tokens)]


def validation_packs(
    documents: Sequence[Document], builder: SampleBuilder, recipe: Recipe
) -> list[Pack]:
    """Return packs to compute the validation loss on: middles alone, the same ones at each call.

    Parameters
    ----------
    documents
        The held-out documents; each gives a run of neighboring cursors.
    builder
        Builds samples.
    recipe
        Settings.
    """
    trees: list[Pack] = []
    share = _VALIDATION_TOKENS // max(1, len(documents))
    for document in documents:
        random = Random("held out")  # noqa: S311 - reproducible, not secret
        samples = list(builder.samples(document, random))
        # From a third on: the first cells have little context, the last a lot.
        start = len(samples) // 3
        tree = build_prefix_tree((split_samples(samples[start:], share) or [[]])[0])
        tree.targets = [target for target in tree.targets if target[2] == MIDDLE_WEIGHT]
        trees.append(tree)
        if sum(len(tree.ids) for tree in trees) >= _VALIDATION_TOKENS:
            break
    return pack_trees(trees, recipe.tokens_per_step)
