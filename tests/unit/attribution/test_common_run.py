"""The longest run from the first place on that has one."""

from __future__ import annotations

import pytest

from jupyter_safecoder.attribution.common_run import common_run


@pytest.mark.parametrize(
    ("part", "whole", "expected"),
    [
        (b"abcdef", b"xxabcdefxx", (0, 6)),
        (b"..abcd..", b"xabcdx", (2, 6)),
        (b"abcx", b"abcdef", None),
        (b"", b"abcdef", None),
        (b"abcd", b"", None),
        (b"abcdxabcdef", b"abcdyabcde", (0, 4)),
    ],
)
def test_the_run(part: bytes, whole: bytes, expected: tuple[int, int] | None) -> None:
    assert common_run(part, whole, 4) == expected
