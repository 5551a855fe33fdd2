"""Selects completions of the base model and of the adapter to show side by side."""

from __future__ import annotations

from collections.abc import Sequence

from .evaluate import ExampleCompletion

_MAX_EXAMPLES = 12
#: Maximum characters of the line before the cursor, and of each completion.
_MAX_CHARACTERS = 80


def before_and_after(
    before: Sequence[ExampleCompletion], after: Sequence[ExampleCompletion]
) -> list[dict[str, object]]:
    """Return the examples whose completions differ most, gains and losses both.

    Parameters
    ----------
    before, after
        Completions of the base model and of the adapter, for the same examples.
    """
    pairs = sorted(
        zip(before, after, strict=True),
        key=lambda pair: -abs(pair[1].similarity - pair[0].similarity),
    )
    return [
        {
            "prefix": old.example.request.prefix.rpartition("\n")[2][-_MAX_CHARACTERS:],
            "expected": old.example.middle[:_MAX_CHARACTERS],
            "base": old.text[:_MAX_CHARACTERS],
            "tuned": new.text[:_MAX_CHARACTERS],
            "better": new.similarity > old.similarity,
        }
        for old, new in pairs[:_MAX_EXAMPLES]
        if old.text != new.text
    ]
