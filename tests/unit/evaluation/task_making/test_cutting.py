"""Cursor positions in the lines of a cell."""

from __future__ import annotations

from random import Random

import pytest

from jupyter_safecoder.evaluation.task_making.cutting import MAX_HIDDEN, MIN_HIDDEN, cut_lines

CELL = '''%matplotlib inline
# Load it.
frame = load("meters.csv")

def mean(column):
    """Return the mean,
    rounded to cents.
    """
    value = frame[column].mean()
    return round(value, 2)

if frame.empty:
    pass
else:
    show(
        frame,
    )
!ls
'''


def test_the_lines_of_code_are_cut() -> None:
    cuts = cut_lines(CELL, Random(0))
    lines = CELL.split("\n")
    assert [lines[cut.line].strip() for cut in cuts] == [
        'frame = load("meters.csv")',
        "def mean(column):",
        "value = frame[column].mean()",
        "return round(value, 2)",
        "if frame.empty:",
        "show(",
        "frame,",
    ]


@pytest.mark.parametrize("seed", range(20))
def test_a_cut_divides_its_cell(seed: int) -> None:
    source = f"if ready:  \n    total = total + {'x' * 90}  \n"
    for cut in cut_lines(source, Random(seed)):
        assert cut.prefix + cut.expected + cut.suffix == source
        assert MIN_HIDDEN <= len(cut.expected) <= MAX_HIDDEN
        assert "\n" not in cut.expected
        assert cut.expected == cut.expected.rstrip()


def test_half_of_the_lines_are_hidden_from_their_first_character() -> None:
    source = "\n".join(f"    value_{index} = compute({index})" for index in range(400))
    whole = [cut.prefix.rpartition("\n")[2] == "    " for cut in cut_lines(source, Random(1))]
    assert 0.45 < sum(whole) / len(whole) < 0.6


def test_the_same_seed_cuts_the_same_way() -> None:
    assert cut_lines(CELL, Random(3)) == cut_lines(CELL, Random(3))
    assert cut_lines(CELL, Random(3)) != cut_lines(CELL, Random(4))


@pytest.mark.parametrize(
    "source", ["%%bash\nls -l /tmp/data", "  %%html\n<b>bold text</b>", "", "x"]
)
def test_a_cell_without_python(source: str) -> None:
    assert cut_lines(source, Random(0)) == []


def test_a_cell_that_is_no_python_yet_is_cut_line_by_line() -> None:
    cuts = cut_lines("frame.plot(\nother = load(3)", Random(0))
    assert [cut.line for cut in cuts] == [0, 1]
