"""Packs samples into prefix trees: a token that several samples share is computed once.

The samples of a notebook share its cells, so that a pass over a tree costs a fraction of a pass
over each sample. A token attends to the tokens of its own sample before it, at their positions in
that sample: losses are those of the samples alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from jupyter_safecoder.prompt.common_prefix import common_prefix_length

from .samples import Sample

#: A shorter common prefix is computed for each sample: it is not worth a branch.
_MIN_SHARED_PREFIX = 16


@dataclass(frozen=True)
class Segment:
    """A range of a pack's tokens that follow each other in a sample.

    Parameters
    ----------
    start, stop
        The range in the pack.
    before
        The ranges that its tokens attend to before it: ``(start, stop)``, in the order of the text.
    position
        The position of its first token in the sample.
    """

    start: int
    stop: int
    before: tuple[tuple[int, int], ...]
    position: int


@dataclass
class Pack:
    """Samples that are computed together.

    Parameters
    ----------
    ids
        Token ids of all segments.
    segments
        The ranges of ``ids``, with what each attends to.
    targets
        ``(row, id, weight)``: the token in ``row`` predicts ``id``; its loss has this weight.
    samples
        Number of samples.
    sample_tokens
        Tokens of all samples; those that several share count for each of them.
    """

    ids: list[int] = field(default_factory=list)
    segments: list[Segment] = field(default_factory=list)
    targets: list[tuple[int, int, float]] = field(default_factory=list)
    samples: int = 0
    sample_tokens: int = 0

    @property
    def positions(self) -> list[int]:
        """The position of each token in its sample."""
        return [
            segment.position + offset
            for segment in self.segments
            for offset in range(segment.stop - segment.start)
        ]

    def add(self, tree: Pack) -> None:
        """Append another pack; its tokens attend to none of this one's."""
        shift = len(self.ids)
        self.ids += tree.ids
        self.segments += [
            Segment(
                one.start + shift,
                one.stop + shift,
                tuple((start + shift, stop + shift) for start, stop in one.before),
                one.position,
            )
            for one in tree.segments
        ]
        self.targets += [(row + shift, id_, weight) for row, id_, weight in tree.targets]
        self.samples += tree.samples
        self.sample_tokens += tree.sample_tokens


def build_prefix_tree(samples: Iterable[Sample]) -> Pack:
    """Return samples as one tree, in which common prefixes occur once.

    Parameters
    ----------
    samples
        The samples of a document; those with the longest common prefix should be neighbors.
    """
    pack = Pack()
    # The ids of each sample so far, and the row of each id.
    rows_of: list[tuple[list[int], list[int]]] = []
    weights: dict[tuple[int, int], float] = {}
    for sample in sorted(samples, key=lambda one: -len(one.ids)):
        shared, rows = _longest_prefix(sample.ids[:-1], rows_of)
        if shared < _MIN_SHARED_PREFIX:
            shared = 0
        start = len(pack.ids)
        pack.ids += sample.ids[shared:-1]
        own = list(range(start, len(pack.ids)))
        if own:
            before = tuple(_ranges(rows[:shared]))
            pack.segments.append(Segment(start, len(pack.ids), before, shared))
        rows = [*rows[:shared], *own]
        rows_of.append((sample.ids[:-1], rows))
        for position in range(1, len(sample.ids)):
            if weight := sample.weights[position]:
                key = (rows[position - 1], sample.ids[position])
                weights[key] = max(weight, weights.get(key, 0.0))
        pack.samples += 1
        pack.sample_tokens += len(sample.ids)
    pack.targets = [(row, id_, weight) for (row, id_), weight in weights.items()]
    return pack


def pack_trees(trees: Iterable[Pack], tokens: int) -> list[Pack]:
    """Return packs of trees, in the order of the trees.

    Parameters
    ----------
    trees
        Prefix trees; those without targets are skipped.
    tokens
        Maximum tokens of a pack; a larger tree is a pack of its own.
    """
    packs: list[Pack] = []
    for tree in trees:
        if not tree.targets:
            continue
        if not packs or len(packs[-1].ids) + len(tree.ids) > tokens:
            packs.append(Pack())
        packs[-1].add(tree)
    return packs


def split_samples(samples: Sequence[Sample], tokens: int) -> list[list[Sample]]:
    """Return runs of samples whose trees have about ``tokens`` tokens at most.

    Parameters
    ----------
    samples
        In the order of the document.
    tokens
        Maximum tokens of a run's tree.
    """
    runs: list[list[Sample]] = [[]]
    used = 0
    for sample in samples:
        last = runs[-1][-1].ids if runs[-1] else []
        new = len(sample.ids) - common_prefix_length(last, sample.ids)
        if runs[-1] and used + new > tokens:
            runs.append([])
            new, used = len(sample.ids), 0
        runs[-1].append(sample)
        used += new
    return [run for run in runs if run]


def _longest_prefix(
    ids: list[int], known: Sequence[tuple[list[int], list[int]]]
) -> tuple[int, list[int]]:
    """Return the length of the longest common prefix with a known sample, and that one's rows."""
    best: tuple[int, list[int]] = (0, [])
    for other, rows in known:
        # The cheap comparison first: is the prefix longer than the best so far?
        if other[: best[0] + 1] == ids[: best[0] + 1]:
            length = common_prefix_length(other, ids)
            if length > best[0]:
                best = (length, rows)
    return best


def _ranges(rows: Sequence[int]) -> list[tuple[int, int]]:
    """Return ascending rows as ``(start, stop)`` of consecutive ones."""
    ranges: list[tuple[int, int]] = []
    for row in rows:
        if ranges and ranges[-1][1] == row:
            ranges[-1] = (ranges[-1][0], row + 1)
        else:
            ranges.append((row, row + 1))
    return ranges
