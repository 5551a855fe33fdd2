"""Options that are declared once: arguments, JSON Schema, checked values."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from typing import Any

import pytest

from jupyter_safecoder.errors import InvalidInput
from jupyter_safecoder.option import (
    add_arguments,
    as_arguments,
    checked,
    given_arguments,
    json_schema,
    option,
    options_of,
)


@dataclass(frozen=True)
class Settings:
    name: str = option("x", "Its name.", argument="name (100 % free)", metavar="NAME")
    max_count: int = option(3, "How many.", argument="how many", minimum=1, maximum=9)
    share: float = option(0.5, "Which share.")
    kind: str = option("", "Which kind.", argument="kind", choices=("", "a", "b"))
    dry: bool = option(False, "Whether dry.", argument="change nothing")
    paths: list[str] = option(["."], "Paths.")  # noqa: RUF009 - it makes a field
    weights: dict[str, float] = option({}, "Weights.")  # noqa: RUF009
    internal: str = ""


def _parsed(*arguments: str, names: tuple[str, ...] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(exit_on_error=False)
    add_arguments(parser, Settings, names)
    return parser.parse_args(arguments)


def test_only_declared_fields_are_options() -> None:
    options = options_of(Settings)
    assert [found.name for found in options][:2] == ["name", "max_count"]
    assert "internal" not in [found.name for found in options]
    assert options[1].flag == "--max-count"
    assert Settings().paths is not Settings().paths  # each has its own list


def test_arguments_that_are_given() -> None:
    assert given_arguments(_parsed(), Settings) == {}
    found = given_arguments(_parsed("--max-count", "5", "--dry", "--kind", "a"), Settings)
    assert found == {"max_count": 5, "dry": True, "kind": "a"}


@pytest.mark.parametrize("arguments", [("--max-count", "many"), ("--kind", "c")])
def test_arguments_that_do_not_fit(arguments: tuple[str, str]) -> None:
    with pytest.raises(argparse.ArgumentError):
        _parsed(*arguments)


def test_options_without_a_phrase_or_not_chosen_are_no_arguments() -> None:
    assert set(vars(_parsed())) == {"name", "max_count", "kind", "dry"}
    assert set(vars(_parsed(names=("name", "share")))) == {"name"}


def test_help_has_phrases_and_placeholders() -> None:
    parser = argparse.ArgumentParser()
    add_arguments(parser, Settings)
    text = parser.format_help()
    assert "--name NAME" in text
    assert "name (100 % free)" in text
    assert "{a,b}" in text


def test_values_as_arguments_of_another_command() -> None:
    values = {"name": "a b", "max_count": 5, "dry": True}
    arguments = as_arguments(values)
    assert arguments == ["--name=a b", "--max-count=5", "--dry"]
    assert given_arguments(_parsed(*arguments), Settings) == values


def test_the_schema_has_types_bounds_and_choices() -> None:
    properties = json_schema(Settings)["properties"]
    assert properties["max_count"] == {
        "type": "integer",
        "description": "How many.",
        "minimum": 1,
        "maximum": 9,
    }
    assert properties["kind"]["enum"] == ["", "a", "b"]
    assert properties["paths"]["items"] == {"type": "string", "minLength": 1}


@pytest.mark.parametrize(
    ("values", "path"),
    [
        ({"max_count": 0}, ("max_count",)),
        ({"max_count": 10}, ("max_count",)),
        ({"max_count": "5"}, ("max_count",)),
        ({"kind": "c"}, ("kind",)),
        ({"paths": [1]}, ("paths", "0")),
        ({"weights": {"a": -1}}, ("weights", "a")),
        ({"internal": "x"}, ()),
    ],
)
def test_values_from_outside_are_checked(values: dict[str, Any], path: tuple[str, ...]) -> None:
    with pytest.raises(InvalidInput) as raised:
        checked(Settings, values, "the recipe")
    assert raised.value.path == path
    assert "he recipe" in raised.value.reason


def test_values_that_fit_are_returned() -> None:
    values = {"max_count": 5, "share": 1, "weights": {"a": 0.5}}
    assert checked(Settings, values, "the recipe") == values


def test_an_argument_with_several_values_is_repeated() -> None:
    @dataclass(frozen=True)
    class Several:
        files: tuple[str, ...] = option((), "Files.", argument="a file")

    parser = argparse.ArgumentParser()
    add_arguments(parser, Several)
    arguments = parser.parse_args(["--files", "a", "--files", "b c"])
    assert given_arguments(arguments, Several) == {"files": ["a", "b c"]}
    assert given_arguments(parser.parse_args([]), Several) == {}
