"""Ids are those of the text that was given, whatever the kind of the tokenizer."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from jupyter_safecoder.errors import ModelError
from jupyter_safecoder.models.tokenizer import FileTokenizer
from tests.support.tiny_tokenizers import TOKENIZER_KINDS, write_tokenizer


@pytest.mark.parametrize("kind", TOKENIZER_KINDS)
@pytest.mark.parametrize("text", [" x", "x ", "  x\n    y", "\n", "▁x", "é\t中", ""])
def test_no_space_is_added_or_removed(tmp_path: Path, kind: str, text: str) -> None:
    """The texts of a prompt start and end anywhere."""
    tokenizer = write_tokenizer(tmp_path, kind, ["<|endoftext|>"])
    if kind != "bytes":
        text = text.replace("▁", "_")  # SentencePiece writes spaces with it
    assert tokenizer.decode(tokenizer.encode(text)) == text
    ids = [i for character in text for i in tokenizer.encode(character)]
    assert tokenizer.decode(ids) == text


def test_the_bos_token_of_the_configuration(tmp_path: Path) -> None:
    tokenizer = write_tokenizer(tmp_path, "bytes", ["</s>"], bos="<s>")
    assert tokenizer.bos_ids == (tokenizer.token_id("<s>"),)
    assert write_tokenizer(tmp_path, "bytes", ["</s>"]).bos_ids == ()


def test_a_bos_token_of_the_template(tmp_path: Path) -> None:
    """Without ``tokenizer_config.json`` it is the token that the tokenizer itself adds."""
    write_tokenizer(tmp_path, "bytes", ["</s>"], bos="<s>")
    (tmp_path / "tokenizer_config.json").unlink()
    path = tmp_path / "tokenizer.json"
    data = json.loads(path.read_text("utf-8"))
    number = next(token["id"] for token in data["added_tokens"] if token["content"] == "<s>")
    first, text = (
        {"SpecialToken": {"id": "<s>", "type_id": 0}},
        {"Sequence": {"id": "A", "type_id": 0}},
    )
    data["post_processor"] = {
        "type": "TemplateProcessing",
        "single": [first, text],
        "pair": [first, text, {"Sequence": {"id": "B", "type_id": 1}}],
        "special_tokens": {"<s>": {"id": "<s>", "ids": [number], "tokens": ["<s>"]}},
    }
    path.write_text(json.dumps(data), "utf-8")
    assert FileTokenizer(path).bos_ids == (number,)
    path.with_name("tokenizer_config.json").write_text('{"add_bos_token": false}')
    assert FileTokenizer(path).bos_ids == ()


def test_a_file_that_is_not_a_tokenizer(tmp_path: Path) -> None:
    path = tmp_path / "tokenizer.json"
    path.write_text("{}")
    with pytest.raises(ModelError, match=re.escape(str(path))):
        FileTokenizer(path)


def _changed(directory: Path, **changes: Any) -> Path:
    """Write a tokenizer of bytes with other parts."""
    write_tokenizer(directory, "bytes", ["</s>"])
    path = directory / "tokenizer.json"
    path.write_text(json.dumps(json.loads(path.read_text("utf-8")) | changes), "utf-8")
    path.with_name("tokenizer_config.json").unlink()
    return path


_SPLIT = {"type": "Split", "behavior": "Isolated", "invert": False}
_MANY = [{"SpecialToken": {"id": "a", "type_id": 0}}] * 1000


@pytest.mark.parametrize(
    "changes",
    [
        {"pre_tokenizer": _SPLIT | {"pattern": {"Regex": "(x+)+$"}}},
        {"pre_tokenizer": {"type": "Sequence", "pretokenizers": [_SPLIT] * 1000}},
        {"normalizer": {"type": "Replace", "pattern": {"String": "x"}, "content": "x" * 10**6}},
        {"decoder": {"type": "Replace", "pattern": {"String": "x"}, "content": "x" * 10**6}},
        {
            "post_processor": {
                "type": "TemplateProcessing",
                "single": [*_MANY, {"Sequence": {"id": "A", "type_id": 0}}],
                "pair": [{"Sequence": {"id": "A", "type_id": 0}}],
                "special_tokens": {"a": {"id": "a", "ids": [1], "tokens": ["a"]}},
            }
        },
    ],
    ids=["regex", "steps", "longer", "decoded", "start"],
)
def test_a_hostile_tokenizer_is_refused(tmp_path: Path, changes: dict[str, Any]) -> None:
    path = _changed(tmp_path, **changes)
    with pytest.raises(ModelError, match=re.escape(str(path))):
        FileTokenizer(path)


@pytest.mark.parametrize(
    "part", ["model", "pre_tokenizer", "added_tokens", "normalizer", "decoder"]
)
@pytest.mark.parametrize("value", [5, "x", [5], {"type": 5}, {"type": "x" * 100}, [[]], True])
def test_parts_of_other_types(tmp_path: Path, part: str, value: Any) -> None:
    path = _changed(tmp_path, **{part: value})
    with pytest.raises(ModelError, match=re.escape(str(path))):
        FileTokenizer(path)


def test_a_file_that_is_too_large(tmp_path: Path) -> None:
    path = tmp_path / "tokenizer.json"
    with path.open("wb") as stream:
        stream.write(b"{}")
        stream.truncate(2**31)
    with pytest.raises(ModelError, match="bytes"):
        FileTokenizer(path)


def test_texts_are_neither_cut_nor_filled_nor_random(tmp_path: Path) -> None:
    """Each of these would give other ids than those of the text, the second one a gigabyte."""
    path = _changed(
        tmp_path,
        truncation={
            "max_length": 1,
            "strategy": "LongestFirst",
            "stride": 0,
            "direction": "Right",
        },
        padding={
            "strategy": {"Fixed": 2**27},
            "direction": "Right",
            "pad_to_multiple_of": None,
            "pad_id": 0,
            "pad_type_id": 0,
            "pad_token": "a",
        },
    )
    data = json.loads(path.read_text("utf-8"))
    data["model"]["dropout"] = 1.0
    path.write_text(json.dumps(data), "utf-8")
    plain = write_tokenizer(tmp_path, "bytes", ["</s>"]).encode("a bb")
    path.write_text(json.dumps(data), "utf-8")
    assert FileTokenizer(path).encode("a bb") == plain


def test_a_special_token_that_does_not_exist(embedded_tokenizer: FileTokenizer) -> None:
    assert not embedded_tokenizer.has("<no_such_token>")
    with pytest.raises(ValueError, match="<no_such_token>"):
        embedded_tokenizer.token_id("<no_such_token>")


@pytest.mark.parametrize(
    "text", ["", "\ud83d", "\udc00\ud83d", "\U0001f600 = 'é中'\r\n\t", "\x00", "<fim_middle>"]
)
def test_any_text_is_encoded(embedded_tokenizer: FileTokenizer, text: str) -> None:
    ids = embedded_tokenizer.encode(text)
    expected = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    assert embedded_tokenizer.decode(ids) == expected
    assert all(i > 16 for i in ids), "an id of a special token"
