"""A copy takes no space, and loses nothing; lines of many files are common."""

from __future__ import annotations

import numpy as np

from jupyter_safecoder.attribution.repeats import (
    CommonLines,
    SeenChunks,
    chunked,
    hash_line,
    line_hashes,
)


def lines(name: str, number: int = 60) -> list[bytes]:
    return [f"{name}_{n}=compute({n}*{n * 7919 % 1000})".encode() for n in range(number)]


def test_a_copy_is_left_out_but_for_its_ends() -> None:
    seen, first = SeenChunks(), lines("a")
    assert seen.new_parts(chunked(first)).tobytes() == b"".join(first)
    assert len(seen.new_parts(chunked(first))) == 0
    second = [*lines("b"), *first, *lines("c")]
    kept = seen.new_parts(chunked(second)).tobytes()
    assert len(kept) < len(b"".join(second)) - 0.7 * len(b"".join(first))


def test_every_run_of_the_shortest_chunk_remains_somewhere() -> None:
    seen = SeenChunks()
    texts = [
        lines("a"),
        [*lines("b", 5), *lines("a")[10:40], *lines("c", 5)],
        [*lines("a")[20:50], *lines("b", 5)],
    ]
    kept = [seen.new_parts(chunked(text)).tobytes() for text in texts]
    for text in texts:
        whole = b"".join(text)
        for start in range(len(whole) - 50):
            assert any(whole[start : start + 50] in one for one in kept)


def test_nothing_is_no_chunk() -> None:
    assert len(SeenChunks().new_parts(chunked([]))) == 0


def test_a_line_is_common_from_twenty_files_on() -> None:
    common, many, few = CommonLines(), "self.name=name", "x=frobnicate(7)"
    for number in range(25):
        common.add(line_hashes([many, many, "x=1", few if number < 19 else "pass#12345"]))
    assert common.hashes().tolist() == [hash_line(many)]


def test_no_line_is_common() -> None:
    assert CommonLines().hashes().dtype == np.uint32
