"""Answers of the base and of the adapter side by side, for people to look at."""

from __future__ import annotations

from collections.abc import Sequence

from .evaluate import ExampleCompletion

_HOW_MANY = 12
#: Characters of the line before the cursor, and of each answer.
_CHARACTERS = 80


def before_and_after(
    before: Sequence[ExampleCompletion], after: Sequence[ExampleCompletion]
) -> list[dict[str, object]]:
    """Return the places where the two differ most, gains and losses both."""
    pairs = sorted(
        zip(before, after, strict=True),
        key=lambda pair: -abs(pair[1].similarity - pair[0].similarity),
    )
    return [
        {
            "prefix": old.place.request.prefix.rpartition("\n")[2][-_CHARACTERS:],
            "expected": old.place.middle[:_CHARACTERS],
            "base": old.text[:_CHARACTERS],
            "tuned": new.text[:_CHARACTERS],
            "better": new.similarity > old.similarity,
        }
        for old, new in pairs[:_HOW_MANY]
        if old.text != new.text
    ]
