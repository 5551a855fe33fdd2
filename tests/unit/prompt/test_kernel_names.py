"""The line that describes a name in the kernel."""

from __future__ import annotations

import pytest

from jupyter_safecoder.prompt.kernel_names import kernel_lines
from jupyter_safecoder.protocol import Column, KernelName


@pytest.mark.parametrize(
    ("name", "line"),
    [
        (KernelName("x", "int"), "x: int"),
        (KernelName("a", "numpy.ndarray", (3, 4)), "a: ndarray[3, 4]"),
        (
            KernelName(
                "df", "pandas.DataFrame", (9, 2), (Column("day", "object"), Column("b", ""))
            ),
            "df: DataFrame[9, 2] with 'day' object, 'b'",
        ),
        (KernelName("d", "dict", keys=("host", "it's")), "d: dict with 'host', \"it's\""),
        (KernelName("p", "Point", fields=("x", "y")), "p: Point with x, y"),
        (KernelName("np", "module", members=("linspace",)), "np: module with linspace"),
        (KernelName("f", "function", signature="(x: int) -> str"), "f(x: int) -> str"),
        (KernelName("f", "function", signature="(x)", doc="Load it."), "f(x): Load it."),
        (KernelName("f\nimport os", "in\tt"), "f import os: in t"),
    ],
)
def test_lines(name: KernelName, line: str) -> None:
    assert kernel_lines([name]) == [line]


@pytest.mark.parametrize("kind", ["module", "class"])
def test_a_name_that_says_nothing_has_no_line(kind: str) -> None:
    assert kernel_lines([KernelName("pd", kind)]) == []


def test_a_line_is_bounded() -> None:
    columns = tuple(Column(f"c{n}", "float64") for n in range(200))
    (line,) = kernel_lines([KernelName("df", "DataFrame", columns=columns)])
    assert "'c39'" in line
    assert "'c40'" not in line
    (line,) = kernel_lines([KernelName("f", "function", signature="(" + "x" * 5000)])
    assert len(line) == 1500
