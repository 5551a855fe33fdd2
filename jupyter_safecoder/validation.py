"""Checks data from outside against a JSON Schema; the same for every file and request.

A schema may have the keyword ``errorMessage`` beside its rules: what a value must be, in words, for
rules whose own names do not help a user (``anyOf``, ``enum``).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from .errors import InvalidInput, InvalidRequest

#: Maximum number of values in the JSON body of a request. Each takes memory and time, however short
#: it is; the largest request has some ten thousand cells, or token ids of a long context.
MAX_VALUES = 300_000
#: Bytes that are counted at once, so that other threads go on.
_CHUNK_BYTES = 2**16
_ESCAPE = re.compile(rb"\\.", re.DOTALL)


class ValueCounter:
    """Counts what begins a value outside of strings, over the parts of a JSON text in UTF-8."""

    def __init__(self) -> None:
        self.number = 1
        self._in_string = 0
        self._rest = b""

    def add(self, part: bytes) -> None:
        """Count the values that begin in the next part."""
        text = self._rest + part
        # An escape may be cut in two.
        cut = len(text) - (len(text) - len(text.rstrip(b"\\"))) % 2
        self._rest = text[cut:]
        parts = _ESCAPE.sub(b"", text[:cut]).split(b'"')
        for outside in parts[self._in_string :: 2]:
            self.number += outside.count(b",") + outside.count(b"[") + outside.count(b"{")
        self._in_string ^= (len(parts) - 1) & 1


def parse_json(body: bytes, max_values: int = MAX_VALUES) -> Any:
    """Return the content of a request's JSON body, which must be in UTF-8.

    Parameters
    ----------
    body
        The body.
    max_values
        Maximum number of values in it, counted before objects are made of them.

    Raises
    ------
    InvalidRequest
        If the body is not JSON, nested too deeply to be read, or has too many values.
    """
    if len(body) > max_values:  # one with fewer bytes has fewer values
        values = ValueCounter()
        for start in range(0, len(body), _CHUNK_BYTES):
            values.add(body[start : start + _CHUNK_BYTES])
            if values.number > max_values:
                raise InvalidRequest(f"The body has more than {max_values:,} JSON values.")
    try:
        # Not as bytes, which json would also take in UTF-16 and UTF-32: they are not counted.
        return json.loads(body.decode("utf-8", "surrogatepass"))
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
