"""JSON that is compressed: bounded before objects are made of it."""

from __future__ import annotations

import gzip
import json
import tracemalloc
from random import Random
from typing import Any

import pytest

from jupyter_safecoder.errors import BodyTooLarge
from jupyter_safecoder.hub.training import bounded_json
from jupyter_safecoder.hub.training.bounded_json import read_object, unpack

MEGABYTE = 2**20


def number_of_values(data: Any) -> int:
    if isinstance(data, dict):
        return 1 + sum(map(number_of_values, data.values()))
    return 1 + sum(map(number_of_values, data)) if isinstance(data, list) else 1


def test_what_unpacks_to_much_is_refused_before_it_takes_memory() -> None:
    bomb = gzip.compress(bytes(500 * MEGABYTE))
    tracemalloc.start()
    with pytest.raises(BodyTooLarge):
        unpack(bomb, MEGABYTE, 10**9)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 4 * MEGABYTE


@pytest.mark.parametrize("item", ["[]", "{}", "0", '""', "[[]]", '{"":{}}'])
def test_many_values_are_refused_before_objects_are_made(item: str) -> None:
    text = f"[{','.join([item] * 100_000)}]"
    with pytest.raises(BodyTooLarge):
        unpack(gzip.compress(text.encode()), 100 * MEGABYTE, 50_000)


def test_characters_in_strings_are_no_values(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = ["[,{" * 100, '"', "\\", '\\"', "a\\\\", '","', "\n,\t[", "ü,[", ""]
    packed = gzip.compress(json.dumps(texts * 20).encode())
    for size in (1, 2, 3, 7, 64):
        monkeypatch.setattr(bounded_json, "_CHUNK_BYTES", size)
        assert json.loads(unpack(packed, MEGABYTE, 20 * len(texts) + 1)) == texts * 20


def test_no_json_has_more_values_than_are_counted() -> None:
    random = Random(7)

    def value(depth: int) -> Any:
        kind = random.randrange(5 if depth else 3)
        if kind == 0:
            return random.choice(['","', "[", "{", "\\", 'a"b', ""])
        if kind < 3:
            return random.choice([0, None, True, 1.5])
        items = [value(depth - 1) for _ in range(random.randrange(4))]
        return items if kind == 3 else {str(n): item for n, item in enumerate(items)}

    for _ in range(300):
        data = value(4)
        packed = gzip.compress(json.dumps(data).encode())
        with pytest.raises(BodyTooLarge):
            unpack(packed, MEGABYTE, number_of_values(data) - 1)


@pytest.mark.parametrize("body", [b"", b"{}", gzip.compress(b"{}")[:-3], gzip.compress(b"\xff")])
def test_what_is_not_json_in_gzip_format(body: bytes) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        unpack(body, MEGABYTE, 100)


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"a": 1, "items": [], "b": {"items": [1]}},
        {"items": [1, "x", {"a": [2]}, None], "name": "ü"},
    ],
)
@pytest.mark.parametrize("indent", [None, 2])
def test_an_object_is_read_item_by_item(data: dict[str, Any], indent: int | None) -> None:
    items: list[Any] = []
    fields = read_object(json.dumps(data, indent=indent), "items", items.append)
    assert items == data.get("items", [])
    assert fields == {name: value for name, value in data.items() if name != "items"}


@pytest.mark.parametrize(
    "text",
    [
        *("", "[]", "{", '{"a"', '{"a":', '{"a": 1', '{"a": 1,}', '{"a" 1}', "{1: 2}", "{} x"),
        *('{"items": 1}', '{"items": [1', '{"items": [1,]}', '{"items": [1 2]}', '{"items": {}}'),
    ],
)
def test_texts_that_are_no_object(text: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        read_object(text, "items", lambda item: None)


def test_nothing_is_read_after_an_item_that_is_refused() -> None:
    items: list[Any] = []

    def add(item: Any) -> None:
        if len(items) == 3:
            raise BodyTooLarge
        items.append(item)

    with pytest.raises(BodyTooLarge):
        read_object('{"items": [1, 2, 3, 4, no json', "items", add)
