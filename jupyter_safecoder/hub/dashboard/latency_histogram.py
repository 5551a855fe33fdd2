"""Latencies counted in fixed buckets: small, mergeable, exact enough for a p95."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, field

#: Upper bounds of the buckets in milliseconds; one more bucket is for what is slower.
BOUNDS_MS = (
    *(10, 20, 30, 45, 60, 80, 100, 130, 170, 220, 300),
    *(400, 550, 750, 1000, 1500, 2000, 3000, 5000, 10000),
)


@dataclass
class LatencyHistogram:
    """Number of latencies in each bucket, and their sum in milliseconds."""

    counts: list[int] = field(default_factory=lambda: [0] * (len(BOUNDS_MS) + 1))
    sum_ms: float = 0.0

    def add(self, milliseconds: float) -> None:
        """Count a latency."""
        self.counts[bisect_left(BOUNDS_MS, milliseconds)] += 1
        self.sum_ms += milliseconds

    def merge(self, other: LatencyHistogram) -> None:
        """Add the counts of another histogram."""
        self.counts = [a + b for a, b in zip(self.counts, other.counts, strict=True)]
        self.sum_ms += other.sum_ms

    def quantile(self, share: float) -> float | None:
        """Return the latency in milliseconds below which a share (0 to 1) is; ``None`` of none.

        It is interpolated within a bucket. Of the last bucket only the lower bound is known.
        """
        total = sum(self.counts)
        if not total:
            return None
        rank, seen = share * total, 0
        lower = 0.0
        for bound, count in zip(BOUNDS_MS, self.counts, strict=False):
            if count and seen + count >= rank:
                return lower + (bound - lower) * max(0.0, rank - seen) / count
            seen, lower = seen + count, float(bound)
        return lower
