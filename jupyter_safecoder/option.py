"""Options that are declared once, as dataclass fields, and used in several places.

A field that is made by :func:`option` has its help, choices and bounds with it. Traits of the
server extension, arguments of the command line and of ``%safecoder``, JSON Schemas for values from
outside, and the reference pages are made from it.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import MISSING, Field, dataclass, field, fields
from typing import Any, cast

from .validation import validate

_KEY = "option"
#: JSON Schema's names of the types that options have.
_JSON_TYPES = {
    bool: "boolean",
    int: "integer",
    float: "number",
    str: "string",
    list: "array",
    tuple: "array",
    frozenset: "array",
    dict: "object",
}
#: Types of options that have several values.
_COLLECTIONS = (list, tuple, frozenset)


@dataclass(frozen=True)
class Option:
    """A declared option.

    Parameters
    ----------
    name
        Name of the field; ``--name-with-dashes`` on the command line.
    type
        ``bool``, ``int``, ``float``, ``str``, ``dict`` (of numbers), or a collection of strings
        that are not empty: ``list``, ``tuple`` or ``frozenset``.
    default
        Default value.
    help
        One or more sentences for reference pages and traits.
    argument
        A short phrase for ``--help``; empty: the option is not on the command line.
    choices
        All valid values, of a collection all valid items, of a dictionary all valid keys; empty:
        any is valid.
    minimum, maximum
        Bounds of a number, inclusive; ``None``: no bound.
    metavar
        Placeholder of the value in ``--help``.
    """

    name: str
    type: type
    default: Any
    help: str
    argument: str = ""
    choices: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    metavar: str | None = None

    @property
    def flag(self) -> str:
        """The option's name on the command line."""
        return f"--{self.name.replace('_', '-')}"

    def json_schema(self) -> dict[str, Any]:
        """Return the JSON Schema of the option's values."""
        schema: dict[str, Any] = {"type": _JSON_TYPES[self.type], "description": self.help}
        if self.type is dict:
            share = {"type": "number", "minimum": 0}
            schema["additionalProperties"] = False if self.choices else share
            if self.choices:
                schema["properties"] = dict.fromkeys(self.choices, share)
        elif schema["type"] == "array":
            schema["items"] = {"type": "string", "minLength": 1}
            if self.choices:
                schema["items"] = {"enum": list(self.choices)}
        elif self.choices:
            schema["enum"] = list(self.choices)
        if self.minimum is not None:
            schema["minimum"] = self.minimum
        if self.maximum is not None:
            schema["maximum"] = self.maximum
        return schema


def option(
    default: Any,
    help: str,
    *,
    argument: str = "",
    choices: Sequence[str] = (),
    minimum: float | None = None,
    maximum: float | None = None,
    metavar: str | None = None,
) -> Any:
    """Declare a dataclass field as an option; see :class:`Option` for the parameters."""
    metadata = {
        _KEY: {
            "help": help,
            "argument": argument,
            "choices": tuple(choices),
            "minimum": minimum,
            "maximum": maximum,
            "metavar": metavar,
        }
    }
    if isinstance(default, (list, dict)):
        return field(default_factory=default.copy, metadata=metadata)
    return field(default=default, metadata=metadata)


def options_of(cls: type) -> list[Option]:
    """Return the options of a dataclass, in the order in which they are declared."""
    return [
        Option(name=f.name, type=type(default), default=default, **f.metadata[_KEY])
        for f in fields(cls)
        if _KEY in f.metadata
        for default in [_default(f)]
    ]


def _default(field: Field[Any]) -> Any:
    if field.default_factory is not MISSING:
        return field.default_factory()
    return field.default


def json_schema(cls: type) -> dict[str, Any]:
    """Return the JSON Schema of an object with some of a dataclass's options."""
    return {
        "type": "object",
        "additionalProperties": False,
        "properties": {declared.name: declared.json_schema() for declared in options_of(cls)},
    }


def add_arguments(
    parser: argparse.ArgumentParser, cls: type, names: Iterable[str] | None = None
) -> None:
    """Add a dataclass's options to a parser; an argument that is not given is ``None``.

    Parameters
    ----------
    parser
        The parser.
    cls
        The dataclass.
    names
        Names of the options to add; ``None``: all that are on the command line.
    """
    chosen = None if names is None else set(names)
    for declared in options_of(cls):
        if not declared.argument or (chosen is not None and declared.name not in chosen):
            continue
        text = declared.argument.replace("%", "%%")
        if declared.type is bool:
            parser.add_argument(declared.flag, action="store_true", default=None, help=text)
            continue
        several = declared.type in _COLLECTIONS
        parser.add_argument(
            declared.flag,
            action="append" if several else "store",
            type=str if several else declared.type,
            choices=[choice for choice in declared.choices if choice] or None,
            metavar=declared.metavar,
            help=text,
        )


def given_arguments(arguments: argparse.Namespace, cls: type) -> dict[str, Any]:
    """Return the options of a dataclass that were given on the command line, by name."""
    values: Mapping[str, Any] = vars(arguments)
    names = (declared.name for declared in options_of(cls))
    return {name: values[name] for name in names if values.get(name) is not None}


def as_arguments(values: Mapping[str, Any]) -> list[str]:
    """Return option values as arguments for another command of this package."""
    return [
        f"--{name.replace('_', '-')}" + ("" if value is True else f"={value}")
        for name, value in values.items()
    ]


def checked(cls: type, values: Mapping[str, Any], where: str) -> dict[str, Any]:
    """Return option values from outside, checked against the dataclass's JSON Schema.

    Parameters
    ----------
    cls
        The dataclass.
    values
        Values by name; options that are missing keep their defaults.
    where
        Names the source of the values in the message, such as ``the recipe``.

    Raises
    ------
    InvalidInput
        If an option is unknown, of another type, or out of its bounds.
    """
    return cast("dict[str, Any]", validate(json_schema(cls), dict(values), where))
