"""Prefix trees and packs: what samples share is computed once."""

from __future__ import annotations

from jupyter_safecoder.finetune.samples.packing import (
    build_prefix_tree,
    pack_trees,
    split_samples,
)
from jupyter_safecoder.finetune.samples.samples import Sample


def test_what_samples_share_is_there_once() -> None:
    trunk = list(range(100, 140))
    one = Sample([*trunk, 1, 2, 3], [0.0] * 40 + [1.0] * 3)
    other = Sample([*trunk, 7, 8], [0.0] * 40 + [1.0] * 2)
    tree = build_prefix_tree([one, other])
    assert tree.ids == [*trunk, 1, 2, 7]
    assert tree.positions == [*range(42), 40]
    assert tree.segments[1].before == ((0, 40),)
    assert sorted(tree.targets) == [
        (39, 1, 1.0),
        (39, 7, 1.0),
        (40, 2, 1.0),
        (41, 3, 1.0),
        (42, 8, 1.0),
    ]
    assert (tree.samples, tree.sample_tokens) == (2, 85)


def test_packs_keep_their_trees_apart() -> None:
    trees = [build_prefix_tree([Sample([n, n + 1, n + 2], [0.0, 1.0, 1.0])]) for n in (10, 20, 30)]
    packs = pack_trees(trees, 4)
    assert [pack.ids for pack in packs] == [[10, 11, 20, 21], [30, 31]]
    assert packs[0].segments[1].start == 2
    assert packs[0].segments[1].before == ()
    assert packs[0].targets[2:] == [(2, 21, 1.0), (3, 22, 1.0)]


def test_long_documents_are_split() -> None:
    samples = [Sample([n] * 30, [1.0] * 30) for n in range(10)]
    runs = split_samples(samples, 70)
    assert [len(run) for run in runs] == [2] * 5


def test_a_short_common_prefix_is_not_shared() -> None:
    one, other = Sample([1, 2, 3], [0.0, 1.0, 1.0]), Sample([1, 2, 4], [0.0, 1.0, 1.0])
    tree = build_prefix_tree([one, other])
    assert tree.ids == [1, 2, 1, 2]
    assert [segment.before for segment in tree.segments] == [(), ()]


def test_the_higher_weight_of_a_shared_target_counts() -> None:
    trunk = list(range(100, 140))
    low = Sample([*trunk, 1], [0.0] + [0.4] * 39 + [1.0])
    high = Sample([*trunk, 2], [0.0] + [1.0] * 39 + [1.0])
    assert {weight for _, _, weight in build_prefix_tree([low, high]).targets} == {1.0}


def test_a_tree_without_targets_is_skipped() -> None:
    assert pack_trees([build_prefix_tree([Sample([1, 2], [0.0, 0.0])])], 10) == []
