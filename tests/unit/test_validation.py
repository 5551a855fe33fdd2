"""Data from outside: what does not fit gets one sentence with the path and the rule, no values."""

from __future__ import annotations

import json
from typing import Any

import pytest

from jupyter_safecoder.errors import InvalidInput, InvalidRequest
from jupyter_safecoder.validation import parse_json, validate

SECRET = "s3cr3t"
SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["name"],
    "additionalProperties": False,
    "properties": {
        "name": {"type": "string", "minLength": 1, "maxLength": 10},
        "kind": {"enum": ["a", "b"]},
        "version": {"const": 2},
        "share": {"type": "number", "minimum": 0, "maximum": 1},
        "rate": {"type": ["number", "null"], "exclusiveMinimum": 0},
        "list": {"type": "array", "items": {"type": "integer"}, "default": [1]},
        "table": {"type": "object", "properties": {"deep": {"type": "boolean"}}},
        "text": {
            "anyOf": [{"type": "string"}, {"type": "null"}],
            "errorMessage": "must be a text, or null",
        },
        "pattern": {"type": "string", "pattern": "^x$"},
    },
}


def test_defaults_are_filled_in() -> None:
    assert validate(SCHEMA, {"name": "x"}, "the file") == {"name": "x", "list": [1]}


@pytest.mark.parametrize(
    ("changes", "path", "rule"),
    [
        ({"name": 5}, ("name",), "must be of the type string"),
        ({"name": ""}, ("name",), "must not be empty"),
        ({"name": SECRET * 2}, ("name",), "must not be longer than 10"),
        ({"kind": SECRET}, ("kind",), 'must be one of: "a", "b"'),
        ({"version": SECRET}, ("version",), "must be 2"),
        ({"share": -1}, ("share",), "must be 0 or more"),
        ({"share": 1.5}, ("share",), "must be 1 or less"),
        ({"rate": 0}, ("rate",), "must be more than 0"),
        ({"rate": SECRET}, ("rate",), "must be of the type number or null"),
        ({"list": [1, SECRET]}, ("list", "1"), "must be of the type integer"),
        ({"table": {"deep": SECRET}}, ("table", "deep"), "must be of the type boolean"),
        ({"text": 5}, ("text",), "must be a text, or null"),
        ({"pattern": SECRET}, ("pattern",), "breaks the rule 'pattern'"),
    ],
)
def test_what_does_not_fit(changes: dict[str, Any], path: tuple[str, ...], rule: str) -> None:
    with pytest.raises(InvalidInput) as raised:
        validate(SCHEMA, {"name": "x", **changes}, "the file")
    assert (raised.value.path, raised.value.rule) == (path, rule)
    assert raised.value.reason == f"'{'.'.join(path)}' of the file {rule}."
    assert SECRET not in str(raised.value)


def test_the_whole_has_its_name_in_the_sentence() -> None:
    for data, sentence in (
        ([SECRET], "The file must be of the type object."),
        ({}, "The file has no 'name'."),
    ):
        with pytest.raises(InvalidInput) as raised:
            validate(SCHEMA, data, "the file")
        assert raised.value.reason == sentence
        assert raised.value.path == ()


def test_an_unknown_name_is_not_quoted_and_the_known_ones_are() -> None:
    with pytest.raises(InvalidInput, match="there are: name, kind, version") as raised:
        validate(SCHEMA, {"name": "x", SECRET: 1}, "the file")
    assert SECRET not in str(raised.value)


def test_the_class_of_the_error() -> None:
    with pytest.raises(InvalidRequest):
        validate(SCHEMA, {}, "the request", InvalidRequest)


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", SECRET.encode(), b"[" * 100_000])
def test_what_is_not_json(body: bytes) -> None:
    with pytest.raises(InvalidRequest) as raised:
        parse_json(body)
    assert str(raised.value) == "The body is not valid JSON."


@pytest.mark.parametrize("item", ["[]", "{}", "0", '""', "[[]]"])
def test_many_values_are_refused_before_objects_are_made(item: str) -> None:
    text = f"[{','.join([item] * 50_000)}"  # not JSON, which nobody sees
    with pytest.raises(InvalidRequest, match="more than 10,000 JSON values"):
        parse_json(text.encode(), 10_000)


def test_characters_of_texts_are_no_values() -> None:
    texts = ["[,{" * 5_000, '"', "\\", '\\"', '","', "ü,["]
    assert parse_json(json.dumps(texts).encode(), len(texts) + 1) == texts


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-32"])
def test_values_cannot_be_hidden_in_another_encoding(encoding: str) -> None:
    with pytest.raises(InvalidRequest, match="not valid JSON"):
        parse_json(json.dumps([1, 2]).encode(encoding), 100)
