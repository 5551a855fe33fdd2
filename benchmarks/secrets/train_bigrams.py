"""Writes ``jupyter_safecoder/secrets/bigrams.txt``: ``python -m benchmarks.secrets.train_bigrams``.

The text is Python's standard library and the packages of :data:`PACKAGES` that are installed. Each
distinct word counts once, so that none outweighs the others.
"""

from __future__ import annotations

import importlib.util
import math
import re
import sys
import sysconfig
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

from jupyter_safecoder.secrets.bigrams import CLASSES, END, SYMBOLS, TABLE_FILE, symbols_of

PACKAGES = ("IPython", "jupyter_server", "matplotlib", "nbformat", "notebook", "numpy", "pandas")
#: Longer words are data.
_WORD = re.compile(r"(?<![A-Za-z0-9+/_.-])[A-Za-z0-9+/_.-]{4,60}(?![A-Za-z0-9+/_.=-])")
#: Added to each count, so that no pair is impossible.
_SMOOTHING = 0.05
#: Fractions of a bit that the table distinguishes.
_STEPS = 2


def main() -> int:
    """Write the table; returns the exit status."""
    words: set[str] = set()
    for path in _files():
        words.update(_WORD.findall(path.read_text("utf-8", errors="ignore")))
    pairs: Counter[tuple[int, int]] = Counter()
    for word in words:
        # Digits in several places are what a key has: words with many are no example.
        if len(re.findall(r"\d+", word)) <= 2:
            chain = [END, *symbols_of(word), END]
            pairs.update(pairwise(chain))
    rows = []
    for first in range(len(SYMBOLS)):
        counts = [pairs[first, second] + _SMOOTHING for second in range(len(SYMBOLS))]
        bits = (math.log2(sum(counts) / count) for count in counts)
        rows.append("".join(CLASSES[min(len(CLASSES) - 1, round(_STEPS * one))] for one in bits))
    TABLE_FILE.write_text("\n".join(rows) + "\n", "ascii")
    return 0


def _files() -> Iterator[Path]:
    roots = [Path(sysconfig.get_paths()["stdlib"])]
    for name in PACKAGES:
        spec = importlib.util.find_spec(name)
        roots += [Path(one) for one in (spec.submodule_search_locations or ())] if spec else []
    for root in roots:
        for path in sorted(root.rglob("*.py")):
            if not {"site-packages", "test", "tests"} & set(path.relative_to(root).parts):
                yield path


if __name__ == "__main__":
    sys.exit(main())
