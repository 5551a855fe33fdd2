"""Times to the first token, counted in fixed buckets: small, mergeable, good enough for p95."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, field

#: Upper bounds of the buckets in milliseconds; one more bucket takes what is slower.
BOUNDS_MS = (
    *(10, 20, 30, 45, 60, 80, 100, 130, 170, 220, 300),
    *(400, 550, 750, 1000, 1500, 2000, 3000, 5000, 10000),
)


@dataclass
class LatencyHistogram:
    """How many were in each bucket."""

    counts: list[int] = field(default_factory=lambda: [0] * (len(BOUNDS_MS) + 1))

    def add(self, milliseconds: float) -> None:
        """Count one."""
        self.counts[bisect_left(BOUNDS_MS, milliseconds)] += 1

    def merge(self, other: LatencyHistogram) -> None:
        """Count another's too."""
        self.counts = [a + b for a, b in zip(self.counts, other.counts, strict=True)]

    def quantile(self, share: float) -> float | None:
        """Return what that share (0 to 1) was not slower than, in milliseconds; ``None``: of none.

        Within a bucket it is interpolated; of the last one only its lower bound is known.
        """
        total = sum(self.counts)
        if not total:
            return None
        wanted, seen = share * total, 0
        lower = 0.0
        for bound, count in zip(BOUNDS_MS, self.counts, strict=False):
            if count and seen + count >= wanted:
                return lower + (bound - lower) * max(0.0, wanted - seen) / count
            seen, lower = seen + count, float(bound)
        return lower
