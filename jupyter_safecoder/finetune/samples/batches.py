"""The order in which a corpus is learned: a pure function of the seed, to be resumed anywhere."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from random import Random

from jupyter_safecoder.finetune.documents import Document

from .packing import Pack, build_prefix_tree, pack_trees, split_samples
from .samples import MIDDLE, SampleBuilder

#: Tokens by which the held-out loss is measured on the way: some seconds on two cores.
_JUDGED_TOKENS = 2500
#: Documents whose samples are held at once: a team's all, of a library's thousands some.
_AT_ONCE = 64


class Batches:
    """Packs of a corpus, epoch after epoch.

    Parameters
    ----------
    documents
        To learn.
    general
        Documents that are mixed in.
    builder
        Makes samples.
    tokens
        Of a pack.
    general_share
        Of the samples, 0 to 1.
    seed
        Of cuts and order.
    weights
        How often each document occurs in a pass, in the mean; none: each once.
    trees
        Parts of a pack that share no beginning.
    """

    def __init__(
        self,
        documents: Sequence[Document],
        general: Sequence[Document],
        builder: SampleBuilder,
        tokens: int,
        general_share: float,
        seed: int,
        weights: Sequence[float] = (),
        trees: int = 1,
    ) -> None:
        self._documents = documents
        self._general = general
        self._builder = builder
        self._tokens = tokens
        self._general_share = general_share
        self._seed = seed
        self._weights = weights
        self._tree_tokens = tokens // trees

    def epoch(self, number: int) -> Iterator[Pack]:
        """Yield the packs of a pass over the corpus, each time with other cuts."""
        random = Random(f"{self._seed}/{number}")  # noqa: S311 - to be repeated, not secret
        for part in self._parts(random):
            yield from self._packs(part, random)

    def packs_per_epoch(self) -> int:
        """Return about how many packs a pass has: as its first documents say."""
        random = Random(f"{self._seed}/0")  # noqa: S311 - to be repeated, not secret
        parts = self._parts(random)
        return math.ceil(
            len(self._packs(parts[0], random)) * sum(map(len, parts)) / max(1, len(parts[0]))
        )

    def _parts(self, random: Random) -> list[list[Document]]:
        """Return the documents of a pass in the parts that are shuffled together."""
        if not self._weights:
            chosen = list(self._documents)
        else:
            chosen = [
                document
                for document, weight in zip(self._documents, self._weights, strict=True)
                for _ in range(int(weight) + (random.random() < weight % 1))
            ]
        if len(chosen) > _AT_ONCE:
            random.shuffle(chosen)
        return [chosen[i : i + _AT_ONCE] for i in range(0, len(chosen), _AT_ONCE)] or [[]]

    def _packs(self, documents: Sequence[Document], random: Random) -> list[Pack]:
        trees: list[Pack] = []
        for document in documents:
            trees += self._trees(document, random)
        wanted = self._general_share / (1 - self._general_share) * sum(t.samples for t in trees)
        while self._general and wanted > 0:
            for tree in self._trees(random.choice(self._general), random)[:1]:
                trees.append(tree)
                wanted -= tree.samples
        random.shuffle(trees)
        return pack_trees(trees, self._tokens)

    def __iter__(self) -> Iterator[Pack]:
        number = 0
        while True:
            yield from self.epoch(number)
            number += 1

    def _trees(self, document: Document, random: Random) -> list[Pack]:
        samples = list(self._builder.samples(document, random))
        return [build_prefix_tree(run) for run in split_samples(samples, self._tree_tokens)]


def eval_packs(documents: Sequence[Document], builder: SampleBuilder, tokens: int) -> list[Pack]:
    """Return packs of held-out documents that only ask for middles, the same ones at each call.

    From each document comes a run of neighbouring cursors, about as much from each.
    """
    trees: list[Pack] = []
    share = _JUDGED_TOKENS // max(1, len(documents))
    for document in documents:
        random = Random("held out")  # noqa: S311 - to be repeated, not secret
        samples = list(builder.samples(document, random))
        # From the middle on: the first cells have too little above them, the last too much.
        begin = len(samples) // 3
        tree = build_prefix_tree((split_samples(samples[begin:], share) or [[]])[0])
        tree.targets = [target for target in tree.targets if target[2] == MIDDLE]
        trees.append(tree)
        if sum(len(tree.ids) for tree in trees) >= _JUDGED_TOKENS:
            break
    return pack_trees(trees, tokens)
