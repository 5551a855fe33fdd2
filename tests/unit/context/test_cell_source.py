"""What is Python of a cell."""

from __future__ import annotations

import ast

import pytest

from jupyter_safecoder.context.cell_source import python_of_cell


@pytest.mark.parametrize(
    ("cell", "python"),
    [
        ("x = 1", "x = 1"),
        ("%matplotlib inline\nx = 1", "pass\nx = 1"),
        ("if x:\n    !ls", "if x:\n    pass"),
        ("!pip install \\\n  numpy\nx = 1", "pass\nx = 1"),
        ("files = !ls *.csv\nx = 1", "files = None\nx = 1"),
        ("t = %timeit -o f()", "t = None"),
        ("df.head?\nx = 1", "pass\nx = 1"),
        ("?df\nx = 1", "pass\nx = 1"),
        ("%%time\nimport grid", "import grid"),
        ("%%capture out\nimport grid", "import grid"),
        ("%%bash\nimport grid", ""),
        ("%%sql\nSELECT 1", ""),
        ("%%!\nls", ""),
        ("%%writefile grid.py\nimport os", ""),
        ("x = 'why?'\ny = 5 % 2", "x = 'why?'\ny = 5 % 2"),
    ],
)
def test_magics_are_replaced(cell: str, python: str) -> None:
    assert python_of_cell(cell) == python
    ast.parse(python)


@pytest.mark.parametrize("part", [" ", "a ", "\\\n", "=", "a=", "%", "?", "a?\n", "!\\\n", "x = "])
def test_the_time_is_proportional_to_the_length(part: str) -> None:
    # Else this takes hours.
    assert python_of_cell(part * 50_000 + "'")
