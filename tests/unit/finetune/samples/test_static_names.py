"""What a kernel would say, derived from the text of a notebook."""

from __future__ import annotations

from random import Random

import pytest

from jupyter_safecoder.finetune.samples.static_names import static_names
from jupyter_safecoder.protocol import Cell, KernelName


def _names(*sources: str, others: tuple[str, ...] = ()) -> dict[str, KernelName]:
    above = [Cell("code", source) for source in sources]
    rest = [Cell("code", source) for source in others]
    return {name.name: name for name in static_names(above, rest, Random(1))}


@pytest.mark.parametrize(
    ("source", "type_"),
    [
        ("x = 1", "int"),
        ("x = 'text'", "str"),
        ("x = [1]", "list"),
        ("x = {n for n in y}", "set"),
        ("x = pd.read_csv(path)", "DataFrame"),
        ("x = LinearRegression(fit_intercept=False)", "LinearRegression"),
        ("with open(p) as f:\n    x = 1.5", "float"),
    ],
)
def test_types(source: str, type_: str) -> None:
    assert _names(source)["x"].type == type_


def test_columns_and_keys_are_those_that_are_indexed_anywhere() -> None:
    names = _names(
        "df = load()\nconf = {'host': 1}",
        "df['day']\nconf['port']",
        others=("df[['day', 'price']].mean()\ndf['later'] = 1",),
    )
    assert sorted(column.name for column in names["df"].columns) == ["day", "price"]
    assert names["df"].shape[1] == 2
    assert names["conf"].keys == ("host", "port")


def test_functions_and_classes() -> None:
    names = _names(
        'def area(r: float, *, unit="m") -> float:\n    """Area of a circle.\n\n    More."""\n'
        "class Point:\n    x: int\n    y: int = 0"
    )
    assert names["area"].signature == "(r: float, *, unit='m') -> float"
    assert names["area"].doc == "Area of a circle."
    assert names["Point"].fields == ("x", "y")


def test_the_latest_name_is_the_first_and_unknown_ones_are_left_out() -> None:
    assert list(_names("a = 1\nb = 2\nu = f()", "a = 'x'")) == ["a", "b"]


def test_names_of_later_cells_are_not_known() -> None:
    assert _names("a = 1", others=("b = 2",)).keys() == {"a"}


def test_cells_that_python_cannot_read_give_nothing() -> None:
    assert _names("%matplotlib inline\n!pip install x\na = 1", "b = (").keys() == {"a"}


def test_no_value_is_a_part_of_a_name() -> None:
    names = _names("token = 'hunter2'\nlimits = [12345]\nd = {'a': 'hunter2'}")
    assert "hunter2" not in repr(names)
    assert "12345" not in repr(names)
