"""Checks data from outside against a JSON Schema; the same for every file and request.

A schema may have the keyword ``errorMessage`` beside its rules: what a value must be, in words, for
rules whose own names do not help a user (``anyOf``, ``enum``).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from .errors import InvalidInput, InvalidRequest


def parse_json(body: str | bytes) -> Any:
    """Return the content of a request's JSON body.

    Raises
    ------
    InvalidRequest
        If the body is not JSON, or nested too deeply to be read.
    """
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        raise InvalidRequest("The body is not valid JSON.") from None


def validate(
    schema: Mapping[str, Any], data: Any, what: str, error: type[InvalidInput] = InvalidInput
) -> Any:
    """Return data that fits a schema, with the schema's defaults filled in.

    Parameters
    ----------
    schema
        A JSON Schema (draft 7).
    data
        What was read; defaults are filled in in place.
    what
        Names the data in the message, such as ``the policy``.
    error
        The class to raise.

    Raises
    ------
    InvalidInput
        If the data does not fit: with the path to the value and the rule, never with the value.
    """
    # Imported here: an import of this package should not pay for it.
    from fastjsonschema import JsonSchemaValueException

    try:
        return _compiled(json.dumps(schema))(data)
    except JsonSchemaValueException as failure:
        path = tuple(str(part) for part in failure.path[1:])
        rule = _rule(failure)
        subject = f"'{'.'.join(path)}' of {what}" if path else f"{what[:1].upper()}{what[1:]}"
        raise error(f"{subject} {rule}.", path=path, rule=rule) from None


def _rule(failure: Any) -> str:
    """Return what a value must be, in words; values are never quoted."""
    if message := failure.definition.get("errorMessage"):
        return str(message)
    definition = failure.rule_definition
    match failure.rule:
        case "type":
            kinds = definition if isinstance(definition, list) else [definition]
            return f"must be of the type {' or '.join(kinds)}"
        case "enum":
            return f"must be one of: {', '.join(json.dumps(choice) for choice in definition)}"
        case "const":
            return f"must be {json.dumps(definition)}"
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
            missing = [name for name in definition if name not in failure.value]
            return f"has no {', '.join(map(repr, missing))}"
        case "additionalProperties":
            known = ", ".join(failure.definition.get("properties", ()))
            return f"has an unknown name; there are: {known}"
        case _:
            return f"breaks the rule {failure.rule!r}"


@cache
def _compiled(schema: str) -> Callable[[Any], Any]:
    # From the text of the schema: a dictionary cannot be the key of a cache.
    import fastjsonschema

    compiled: Callable[[Any], Any] = fastjsonschema.compile(
        json.loads(schema), use_formats=False, detailed_exceptions=True
    )
    return compiled
