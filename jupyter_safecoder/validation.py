"""Checks data from outside against a JSON Schema; the same way for every file and request."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from .errors import InvalidInput


def validate(schema: Mapping[str, Any], data: Any, what: str) -> Any:
    """Return data that fits a schema, with the schema's defaults filled in.

    Parameters
    ----------
    schema
        A JSON Schema (draft 7).
    data
        What was read.
    what
        Names the data in the message, such as ``the policy``.

    Raises
    ------
    InvalidInput
        If it does not fit: with the path to the value and the rule, never with the value itself.
    """
    # Late: compiling a schema takes some milliseconds, which an import should not pay for.
    from fastjsonschema import JsonSchemaValueException

    try:
        return _compiled(json.dumps(schema))(data)
    except JsonSchemaValueException as error:
        path = tuple(str(part) for part in error.path[1:])
        raise InvalidInput(what, path, _rule(error)) from None


def _rule(error: Any) -> str:
    """Return what a value must be, in words; values are never quoted."""
    definition = error.rule_definition
    match error.rule:
        case "type":
            kinds = definition if isinstance(definition, list) else [definition]
            return f"must be of the type {' or '.join(kinds)}"
        case "enum":
            return f"must be one of: {', '.join(json.dumps(one) for one in definition)}"
        case "minimum":
            return f"must be {definition:g} or more"
        case "maximum":
            return f"must be {definition:g} or less"
        case "exclusiveMinimum":
            return f"must be more than {definition:g}"
        case "minLength" | "minItems" | "minProperties":
            return "must not be empty"
        case "maxLength" | "maxItems":
            return f"must not be longer than {definition}"
        case "required":
            return f"must have {', '.join(map(repr, definition))}"
        case "additionalProperties":
            known = ", ".join(error.definition.get("properties", ()))
            return f"has an unknown name; there are: {known}"
        case _:
            return f"breaks the rule {error.rule!r}"


@cache
def _compiled(schema: str) -> Callable[[Any], Any]:
    import fastjsonschema

    compiled: Callable[[Any], Any] = fastjsonschema.compile(
        json.loads(schema), use_formats=False, detailed_exceptions=True
    )
    return compiled
