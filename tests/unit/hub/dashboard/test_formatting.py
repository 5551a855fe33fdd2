"""Values as the dashboard shows them."""

from __future__ import annotations

import pytest

from jupyter_safecoder.hub.dashboard.formatting import (
    ago,
    clock,
    count,
    milliseconds,
    share,
    short,
    size,
)


@pytest.mark.parametrize(
    ("formatted", "text"),
    [
        (count(0), "0"),
        (count(0.333), "0.33"),
        (count(12), "12"),
        (count(1234), "1,234"),
        (count(12_345), "12.3 k"),
        (count(999_700), "1,000 k"),
        (count(3_456_789), "3.46 M"),
        (milliseconds(None), "—"),
        (milliseconds(84.6), "85 ms"),
        (milliseconds(1234), "1.23 s"),
        (share(1, 3), "33 %"),
        (share(0, 0), "—"),
        (clock(1_772_452_805.0), "12:00:05"),
        (ago(-3), "0 s ago"),
        (ago(200), "3 min ago"),
        (ago(8000), "2 h ago"),
        (size(39_000_000), "39 MB"),
        (size(1_210_000_000), "1.21 GB"),
        (short("a\nb\x1b\u202e"), "a�b��"),
        (short("x" * 32), "x" * 32),
        (short("x" * 33), "x" * 31 + "…"),
    ],
)
def test_values_are_short(formatted: str, text: str) -> None:
    assert formatted == text
