"""Samples that begin alike become one tree: a token that several share is computed once.

The cuts of a notebook share its cells, so that a pass over a tree costs a fraction of a pass over
each sample. Nothing else is shared: a token sees the tokens of its own sample before it, at the
positions that they have there, exactly as if it were alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from jupyter_safecoder.prompt.common_prefix import common_prefix_length

from .samples import Sample

#: A shorter common beginning is not worth a branch.
_WORTH = 16


@dataclass(frozen=True)
class Segment:
    """A run of a pack's tokens.

    Parameters
    ----------
    start, stop
        Where it lies in the pack.
    before
        What its tokens see before it: ``(start, stop)`` of other runs, in the order of the text.
    position
        Of its first token in the text.
    """

    start: int
    stop: int
    before: tuple[tuple[int, int], ...]
    position: int


@dataclass
class Pack:
    """Samples that are computed together.

    ``targets`` are ``(row, id, weight)``: after the token in ``row`` comes ``id``.
    ``sample_tokens`` counts the tokens of all samples, those that they share for each of them.
    """

    ids: list[int] = field(default_factory=list)
    segments: list[Segment] = field(default_factory=list)
    targets: list[tuple[int, int, float]] = field(default_factory=list)
    samples: int = 0
    sample_tokens: int = 0

    @property
    def positions(self) -> list[int]:
        """The position of each token in its text."""
        return [
            segment.position + offset
            for segment in self.segments
            for offset in range(segment.stop - segment.start)
        ]

    def add(self, tree: Pack) -> None:
        """Take another pack in, whose tokens see none of this one's."""
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
    """Return the samples as one tree, whatever they share.

    Parameters
    ----------
    samples
        Of one document; those with the longest beginning in common should come together.
    """
    pack = Pack()
    # Each sample so far: its ids, and for each of them its row.
    rows_of: list[tuple[list[int], list[int]]] = []
    weights: dict[tuple[int, int], float] = {}
    for sample in sorted(samples, key=lambda one: -len(one.ids)):
        shared, rows = _longest(sample.ids[:-1], rows_of)
        if shared < _WORTH:
            shared = 0
        start = len(pack.ids)
        pack.ids += sample.ids[shared:-1]
        own = list(range(start, len(pack.ids)))
        if own:
            before = tuple(_runs(rows[:shared]))
            pack.segments.append(Segment(start, len(pack.ids), before, shared))
        rows = [*rows[:shared], *own]
        rows_of.append((sample.ids[:-1], rows))
        for place in range(1, len(sample.ids)):
            if weight := sample.weights[place]:
                key = (rows[place - 1], sample.ids[place])
                weights[key] = max(weight, weights.get(key, 0.0))
        pack.samples += 1
        pack.sample_tokens += len(sample.ids)
    pack.targets = [(row, id_, weight) for (row, id_), weight in weights.items()]
    return pack


def pack_trees(trees: Iterable[Pack], tokens: int) -> list[Pack]:
    """Return packs of about so many tokens, in the order of the trees; a larger tree is alone."""
    packs: list[Pack] = []
    for tree in trees:
        if not tree.targets:
            continue
        if not packs or len(packs[-1].ids) + len(tree.ids) > tokens:
            packs.append(Pack())
        packs[-1].add(tree)
    return packs


def split_samples(samples: Sequence[Sample], tokens: int) -> list[list[Sample]]:
    """Return runs of samples whose trees have about ``tokens`` tokens at most."""
    runs: list[list[Sample]] = [[]]
    held = 0
    for sample in samples:
        last = runs[-1][-1].ids if runs[-1] else []
        new = len(sample.ids) - common_prefix_length(last, sample.ids)
        if runs[-1] and held + new > tokens:
            runs.append([])
            new, held = len(sample.ids), 0
        runs[-1].append(sample)
        held += new
    return [run for run in runs if run]


def _longest(ids: list[int], known: Sequence[tuple[list[int], list[int]]]) -> tuple[int, list[int]]:
    best: tuple[int, list[int]] = (0, [])
    for other, rows in known:
        # At least as long a beginning as the best so far, before it is counted.
        if other[: best[0] + 1] == ids[: best[0] + 1]:
            common = common_prefix_length(other, ids)
            if common > best[0]:
                best = (common, rows)
    return best


def _runs(rows: Sequence[int]) -> list[tuple[int, int]]:
    """Return rows as runs of neighbours."""
    runs: list[tuple[int, int]] = []
    for row in rows:
        if runs and runs[-1][1] == row:
            runs[-1] = (runs[-1][0], row + 1)
        else:
            runs.append((row, row + 1))
    return runs
