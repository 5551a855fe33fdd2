"""A long sequence of bytes as seeds and a sketch, in which runs of a short one are found.

Fingerprints of all runs of ``seed`` bytes would take more than the sequence. As in winnowing
(Schleimer, Wilkerson, Aiken 2003, "Winnowing: local algorithms for document fingerprinting"), a
guarantee needs only one of each window: any run of ``minimum = stride + seed - step`` bytes has a
seed, if the seeds are those at the multiples of ``stride`` and a query tries all of its own. This
is half as many as winnowing keeps, which selects at both sides.

A seed alone proves little. The sketch has a bit for each pair of bytes, so that what is around two
equal seeds can be compared: a run of ``minimum`` bytes has to agree in ``minimum / 2`` bits.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

#: Bits of the sketch that are compared on each side of a seed: as many as a float has exactly.
_SIDE = 52
#: Seeds per bucket, on average, and buckets of which the first one's place is stored.
_LOAD, _GROUP = 4, 16
#: Bytes of the sketch before its first and after its last bit, so that each side can be read.
PAD_BYTES = 16
#: Positions of a query that are tried at once, and maximum places of one seed.
_SLICE, _MAX_PLACES = 4096, 4096
#: Numbers that are packed at once; an even number.
_PACKED = 1 << 18
_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)
_MASK = np.uint64((1 << _SIDE) - 1)
Arrays = dict[str, NDArray[Any]]
Bytes = NDArray[np.uint8]
Words = NDArray[np.uint64]
Hashes = NDArray[np.uint32]
Places = NDArray[np.int64]


def _pair_bits() -> Bytes:
    """Return a bit for each pair of bytes: the finalizer of MurmurHash3."""
    values = np.arange(1 << 16, dtype=np.uint32)
    for shift, factor in ((16, 0x85EBCA6B), (13, 0xC2B2AE35)):
        values = (values ^ (values >> np.uint32(shift))) * np.uint32(factor)
    bits: Bytes = ((values ^ (values >> np.uint32(16))) & np.uint32(1)).astype(np.uint8)
    return bits


_PAIR_BITS = _pair_bits()


@dataclass(frozen=True)
class Shape:
    """How a sequence is sampled; all in bytes.

    Parameters
    ----------
    seed
        Length of a seed.
    stride
        Distance of two seeds; an even number.
    step
        Distance of two positions of a query that are tried.
    """

    seed: int
    stride: int
    step: int = 1

    @property
    def minimum(self) -> int:
        """The length from which on every run is found."""
        return self.stride + self.seed - self.step

    @property
    def block(self) -> int:
        """The length of what is added at once: whole strides, and whole bytes of the sketch."""
        return math.lcm(self.stride, 16)

    @property
    def pairs(self) -> int:
        """The whole pairs of the sketch in a run of that length, wherever it begins."""
        return (self.minimum - min(1, self.step % 2)) // 2


@dataclass(frozen=True)
class Run:
    """A run of a query that is in the sequence: positions in bytes."""

    start: int
    end: int
    place: int


class SequenceWriter:
    """Makes the arrays of a sequence, which is added in parts.

    Parameters
    ----------
    shape
        How it is sampled.
    """

    def __init__(self, shape: Shape) -> None:
        self._shape = shape
        self._rest: Bytes = np.empty(0, np.uint8)
        self._hashes: list[Hashes] = []
        self._sketch: list[bytes] = [bytes(PAD_BYTES)]
        #: Number of bytes that were added.
        self.length = 0

    def add(self, part: Bytes) -> None:
        """Add bytes."""
        self.length += len(part)
        codes = np.concatenate([self._rest, part])
        # What is left has the pairs and the seeds that the next part completes.
        block = self._shape.block
        end = max(0, len(codes) - self._shape.seed - 1) // block * block
        self._append(codes, end)
        self._rest = codes[end:]

    def _append(self, codes: Bytes, end: int) -> None:
        starts = np.arange(0, end, self._shape.stride)
        self._hashes.append(_hashes(codes, starts, self._shape.seed))
        pairs = codes[0:end:2].astype(np.uint16) << 8 | codes[1 : end + 1 : 2]
        self._sketch.append(np.packbits(_PAIR_BITS[pairs], bitorder="little").tobytes())

    def arrays(self) -> Arrays:
        """Return the arrays of the whole sequence."""
        block = self._shape.block
        end = -(-max(1, len(self._rest)) // block) * block
        self._append(np.pad(self._rest, (0, block + self._shape.seed + 2)), end)
        sketch = b"".join([*self._sketch, bytes(PAD_BYTES)])
        hashes = np.concatenate(self._hashes)
        buckets = max(_GROUP, -(-len(hashes) // (_LOAD * _GROUP)) * _GROUP)
        bucket = _bucket(hashes, buckets)
        order = np.argsort(bucket, kind="stable")
        counts = np.bincount(bucket, minlength=buckets)
        firsts = np.concatenate([[0], np.cumsum(counts)[_GROUP - 1 : -1 : _GROUP]])
        large = np.flatnonzero(counts > 255)
        return {
            "sketch": np.frombuffer(sketch, np.uint8),
            "firsts": firsts.astype("<u4"),
            "counts": np.minimum(counts, 255).astype(np.uint8),
            "large": large.astype("<u4"),
            "excess": (counts[large] - 255).astype("<u4"),
            "entries": _packed(order, _width(len(hashes))),
        }


class Sequence:
    """A sequence whose runs can be found; the arrays of :class:`SequenceWriter`, maybe mapped.

    Parameters
    ----------
    shape
        How it was sampled.
    arrays
        Its arrays.
    seeds
        Number of its seeds.

    Raises
    ------
    ValueError
        If they do not fit each other.
    """

    def __init__(self, shape: Shape, arrays: Arrays, seeds: int) -> None:
        self._shape = shape
        self._width = _width(seeds)
        counts = arrays["counts"]
        if (
            not seeds
            or len(counts) % _GROUP
            or len(arrays["firsts"]) * _GROUP != len(counts)
            or len(arrays["large"]) != len(arrays["excess"])
            or len(arrays["entries"]) != -(-seeds * self._width // 8) + 8
            or len(arrays["sketch"]) != 2 * PAD_BYTES + seeds * shape.stride // 16
        ):
            raise ValueError("the arrays do not fit each other")
        self._seeds, self._buckets = seeds, len(counts)
        self._firsts, self._counts = arrays["firsts"], counts.reshape(-1, _GROUP)
        self._large = arrays["large"].astype(np.int64)
        self._excess = np.concatenate([[0], np.cumsum(arrays["excess"].astype(np.int64))])
        self._entries, self._sketch = (
            _at_each_byte(arrays["entries"]),
            _at_each_byte(arrays["sketch"]),
        )

    def find(self, codes: Bytes) -> list[Run]:
        """Return the runs of a query that are in the sequence, some of them in parts.

        A part is at most 208 bytes long, and the parts of a run overlap.
        """
        length = len(codes)
        if length < 2 * self._shape.pairs:
            return []
        around = _bits_around(codes)
        found: list[Run] = []
        last = length - self._shape.seed + 1
        for first in range(0, last, _SLICE * self._shape.step):
            stop = min(last, first + _SLICE * self._shape.step)
            at = np.arange(first, stop, self._shape.step)
            found += self._find_at(codes, at, around)
        return found

    def _find_at(self, codes: Bytes, at: Places, around: Words) -> Iterator[Run]:
        query, seeds = self._places(_hashes(codes, at, self._shape.seed), at)
        place = seeds * self._shape.stride
        differing = self._bits(place) ^ around[query + 2 * _SIDE]
        # Most places are of other seeds in the same bucket: they are not compared further.
        kept = np.flatnonzero(differing & np.uint64((1 << self._shape.seed // 2) - 1) == 0)
        query, place = query[kept], place[kept]
        right = np.minimum(_equal_at_start(differing[kept]), (len(codes) - query) // 2)
        left = _equal_at_end(self._bits(place - 2 * _SIDE) ^ around[query])
        left = np.minimum(left, query // 2)
        for n in np.flatnonzero(left + right >= self._shape.pairs):
            yield Run(
                int(query[n] - 2 * left[n]),
                int(query[n] + 2 * right[n]),
                int(place[n] - 2 * left[n]),
            )

    def _places(self, hashes: Hashes, at: Places) -> tuple[Places, Places]:
        """Return pairs of a position of the query and a seed of the same bucket."""
        bucket = _bucket(hashes, self._buckets)
        group, inner = bucket // _GROUP, bucket % _GROUP
        counts = self._counts[group].astype(np.int64)
        before = np.where(np.arange(_GROUP) < inner[:, None], counts, 0).sum(1)
        own = counts[np.arange(len(inner)), inner]
        excess = self._excess[np.searchsorted(self._large, bucket)]
        first = self._firsts[group] + before
        first += excess - self._excess[np.searchsorted(self._large, group * _GROUP)]
        number = own + self._excess[np.searchsorted(self._large, bucket + 1)] - excess
        # In a damaged file they may be anything.
        number = np.clip(np.minimum(number, self._seeds - first), 0, _MAX_PLACES)
        first = np.repeat(first - np.cumsum(number) + number, number)
        bit = (first + np.arange(len(first))) * self._width
        seeds = _shifted(self._entries, bit) & np.uint64((1 << self._width) - 1)
        return np.repeat(at, number), np.minimum(seeds.astype(np.int64), self._seeds - 1)

    def _bits(self, place: Places) -> Words:
        """Return the bits of the sketch from places on, which are even."""
        bits: Words = _shifted(self._sketch, place // 2 + 8 * PAD_BYTES) & _MASK
        return bits


def _width(seeds: int) -> int:
    """Return the bits of the number of a seed."""
    return max(1, (seeds - 1).bit_length())


def _packed(numbers: Places, width: int) -> Bytes:
    """Return numbers of so many bits each, one after the other."""
    shifts = np.arange(width)
    parts = [
        np.packbits((part[:, None] >> shifts & 1).astype(np.uint8), bitorder="little")
        for part in np.split(numbers, range(_PACKED, len(numbers), _PACKED))
    ]
    return np.concatenate([*parts, np.zeros(8, np.uint8)])


def _at_each_byte(data: Bytes) -> Words:
    """Return the eight bytes from each byte on as a number."""
    words: Words = np.ndarray((len(data) - 7,), "<u8", data, strides=(1,))
    return words


def _shifted(data: Words, bit: Places) -> Words:
    """Return at least 57 bits from each bit on."""
    shifted: Words = data[bit >> 3] >> (bit & 7).astype(np.uint64)
    return shifted


def _hashes(codes: Bytes, starts: Places, seed: int) -> Hashes:
    values = np.zeros(len(starts), np.uint64)
    for n in range(seed):
        values = values * _MULTIPLIER + codes[starts + n]
    values = (values ^ (values >> np.uint64(29))) * _MULTIPLIER
    hashes: Hashes = (values >> np.uint64(32)).astype(np.uint32)
    return hashes


def _bucket(hashes: Hashes, buckets: int) -> Places:
    scaled = hashes.astype(np.uint64) * np.uint64(buckets) >> np.uint64(32)
    numbers: Places = scaled.astype(np.int64)
    return numbers


def _bits_around(codes: Bytes) -> Words:
    """Return the bits of the pairs from each position on, from ``2 * _SIDE`` before the start."""
    pairs = codes[:-1].astype(np.uint16) << 8 | codes[1:]
    bits = np.pad(_PAIR_BITS[pairs].astype(np.uint64), (2 * _SIDE, 2 * _SIDE + 1))
    size = 1
    while size < _SIDE:
        shifted = np.append(bits[2 * size :], np.zeros(2 * size, np.uint64))
        bits = bits | shifted << np.uint64(size)
        size *= 2
    masked: Words = bits & _MASK
    return masked


def _equal_at_start(differing: Words) -> Places:
    """Return the number of the lowest bits that do not differ."""
    lowest = differing & (~differing + np.uint64(1))
    exponent = np.frexp(lowest.astype(np.float64))[1].astype(np.int64)
    return np.where(differing == 0, _SIDE, exponent - 1)


def _equal_at_end(differing: Words) -> Places:
    """Return the number of the highest bits that do not differ."""
    exponent = np.frexp(differing.astype(np.float64))[1].astype(np.int64)
    number: Places = _SIDE - exponent
    return number
