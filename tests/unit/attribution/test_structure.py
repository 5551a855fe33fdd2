"""Names, literals, comments and layout do not count in the structure of code."""

from __future__ import annotations

import numpy as np
import pytest

from jupyter_safecoder.attribution.structure import LINE_BYTES, bytes_of, code_lines

CODE = 'def mean(values):\n    # the mean\n    return sum(values) / len(values or [0], "x")\n'


@pytest.mark.parametrize(
    "other",
    [
        'def m(v):\n    return s(v) / len(v or [17], "other")',
        "def mean( values ):\n\n\n  return sum(values)/len(values or [0.5e3],'')  # why\n",
    ],
)
def test_a_copy_with_other_names_has_the_same_lines(other: str) -> None:
    assert np.array_equal(code_lines(CODE, "python").hashes, code_lines(other, "python").hashes)


def test_another_operation_is_another_line() -> None:
    other = code_lines(CODE.replace("/", "+"), "python").hashes
    assert (code_lines(CODE, "python").hashes == other).tolist() == [True, False]


def test_what_is_no_code_is_left_out() -> None:
    text = '"""A title\n\nof a module."""\nimport numpy\nfrom a import (\n    b,\n)\n# x\n\nx = 1\n'
    assert code_lines(text, "python").numbers.tolist() == [9]


def test_comments_of_other_languages() -> None:
    text = "// a\nlet x = 1; /* b\n c */\nx += 2;"
    assert code_lines(text, "javascript").numbers.tolist() == [1, 3]


def test_a_hash_for_each_line() -> None:
    assert len(bytes_of(code_lines(CODE, "python"))) == 2 * LINE_BYTES
    assert len(bytes_of(code_lines("", "python"))) == 0
