"""Each family's prompt, and that ids mean the text that was given, whatever the tokenizer's kind.

The tokenizers are made here: byte-level BPE as StarCoder's, and SentencePiece's as Llama's, in the
two forms in which ``transformers`` writes that.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from jupyter_safecoder.models.tokenizer import FileTokenizer
from jupyter_safecoder.prompt import FAMILIES, Budget, build_prompt, detect_family, stop_ids
from jupyter_safecoder.protocol import Cell, CompletionRequest

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

CASES = tomllib.loads(Path(__file__).with_name("families.toml").read_text("utf-8"))["prompt"]
BUDGET = Budget(1000, 100, 100)
_TEXT = "".join(map(chr, range(32, 127))) + "\n\t"


def _byte_level() -> dict[str, Any]:
    from tokenizers import pre_tokenizers

    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    bytes_ = {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True}
    return {
        "pre_tokenizer": {**bytes_, "use_regex": True},
        "decoder": bytes_,
        "model": {
            "type": "BPE",
            "vocab": {token: number for number, token in enumerate([*alphabet, "Ġb", "Ġ+"])},
            "merges": ["Ġ b", "Ġ +"],
        },
    }


def _sentencepiece(form: str) -> dict[str, Any]:
    pieces = [*_TEXT.replace(" ", "▁"), "▁b", "▁+"]
    vocab = {"<unk>": 0, **{f"<0x{n:02X}>": n + 1 for n in range(256)}}
    vocab |= {piece: 257 + n for n, piece in enumerate(pieces)}
    spaces = {"pattern": {"String": "▁"}, "content": " "}
    end = [{"type": "Replace", **spaces}, {"type": "ByteFallback"}, {"type": "Fuse"}]
    data: dict[str, Any] = {
        "decoder": {
            "type": "Sequence",
            "decoders": [*end, {"type": "Strip", "content": " ", "start": 1, "stop": 0}],
        },
        "model": {
            "type": "BPE",
            "unk_token": "<unk>",
            "fuse_unk": True,
            "byte_fallback": True,
            "vocab": vocab,
            "merges": ["▁ b", "▁ +"],
        },
    }
    if form == "normalizer":
        replace = {"type": "Replace", "pattern": {"String": " "}, "content": "▁"}
        before = {"type": "Prepend", "prepend": "▁"}
        data["normalizer"] = {"type": "Sequence", "normalizers": [before, replace]}
    else:
        space = {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "first", "split": False}
        data["pre_tokenizer"] = space
    return data


SPAN_KINDS = {
    "bytes": _byte_level,
    "sentencepiece": lambda: _sentencepiece("normalizer"),
    "metaspace": lambda: _sentencepiece("metaspace"),
}


def _tokenizer(directory: Path, kind: str, case: dict[str, Any]) -> FileTokenizer:
    data = SPAN_KINDS[kind]()
    first = len(data["model"]["vocab"])
    names = [*case["tokens"], *([case["begin"]] if "begin" in case else [])]
    # As DeepSeek's and Qwen's: control tokens that are not marked as special.
    plain = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False}
    added = [
        {"id": first + n, "content": name, "special": False, **plain}
        for n, name in enumerate(names)
    ]
    (directory / "tokenizer.json").write_text(
        json.dumps({"version": "1.0", "added_tokens": added, **data}), "utf-8"
    )
    config = {"add_bos_token": "begin" in case, "bos_token": case.get("begin")}
    (directory / "tokenizer_config.json").write_text(json.dumps(config), "utf-8")
    return FileTokenizer(directory / "tokenizer.json")


def _request(
    case: dict[str, Any], prefix: str = "b = a", suffix: str = " + 1"
) -> CompletionRequest:
    cells = (Cell("code", "a = 1"),) if case.get("cells") else ()
    return CompletionRequest(prefix, suffix, before=cells)


@pytest.mark.parametrize("kind", SPAN_KINDS)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case["family"])
def test_prompt(tmp_path: Path, kind: str, case: dict[str, Any]) -> None:
    tokenizer = _tokenizer(tmp_path, kind, case)
    family = detect_family(case.get("architecture", "llama"), tokenizer.has)
    assert family.name == case["family"]
    assert list(family.layouts) == case["layouts"]
    names = {*case["tokens"], case.get("begin")}
    expected: list[int] = []
    for piece in case["pieces"]:
        expected += [tokenizer.token_id(piece)] if piece in names else tokenizer.encode(piece)
    prompt = build_prompt(_request(case), family, tokenizer, BUDGET, family.layouts[0])
    assert prompt.ids == expected
    assert stop_ids(family, tokenizer) == [tokenizer.token_id(name) for name in case["ends"]]


@pytest.mark.parametrize("kind", SPAN_KINDS)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case["family"])
def test_text_that_spells_a_familys_tokens_stays_text(
    tmp_path: Path, kind: str, case: dict[str, Any]
) -> None:
    tokenizer = _tokenizer(tmp_path, kind, case)
    family = FAMILIES[case["family"]]
    hostile = "".join(case["tokens"])
    special = {tokenizer.token_id(name) for name in case["tokens"]}

    def control(request: CompletionRequest) -> list[int]:
        ids = build_prompt(request, family, tokenizer, BUDGET, family.layouts[0]).ids
        return [i for i in ids if i in special]

    assert control(_request(case, hostile, hostile)) == control(_request(case))
    spelt = hostile if kind == "bytes" else hostile.replace("▁", " ")  # SentencePiece's space
    assert tokenizer.decode(tokenizer.encode(hostile)) == spelt


@pytest.mark.parametrize("kind", SPAN_KINDS)
@pytest.mark.parametrize("text", [" x", "x ", "  x\n    y", "\n", "▁x", "é\t中", ""])
def test_ids_mean_their_text(tmp_path: Path, kind: str, text: str) -> None:
    """No space is put before a text or taken from it: ours begin and end anywhere."""
    tokenizer = _tokenizer(tmp_path, kind, CASES[0])
    if kind != "bytes":
        text = text.replace("▁", "_")  # SentencePiece means a space by it
    assert tokenizer.decode(tokenizer.encode(text)) == text
    pieces = [i for character in text for i in tokenizer.encode(character)]
    assert tokenizer.decode(pieces) == text


def test_a_begin_token_from_the_template(tmp_path: Path) -> None:
    """Where ``tokenizer_config.json`` does not say, what the tokenizer itself puts first."""
    case = {"tokens": ["</s>"], "begin": "<s>"}
    _tokenizer(tmp_path, "bytes", case)
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


def test_a_script_of_cells_in_another_language(tmp_path: Path) -> None:
    tokenizer = _tokenizer(tmp_path, "bytes", CASES[-1])
    cells = (Cell("markdown", "# T\n\ntext"), Cell("code", "let a = 1;", "1\n2"))
    request = CompletionRequest("b", "", language="rust", before=cells)
    prompt = build_prompt(request, FAMILIES["prefix-only"], tokenizer, BUDGET, "prefix")
    assert tokenizer.decode(prompt.ids) == (
        "// %% [markdown]\n// A notebook in rust.\n\n"
        "// %% [markdown]\n// # T\n//\n// text\n\n"
        "// %%\nlet a = 1;\n// => 1\n// => 2\n\n"
        "// %%\nb"
    )


def test_without_cells_a_script_opens_with_nothing(tmp_path: Path) -> None:
    tokenizer = _tokenizer(tmp_path, "bytes", CASES[-1])
    prompt = build_prompt(
        CompletionRequest("b", ""), FAMILIES["prefix-only"], tokenizer, BUDGET, "prefix"
    )
    assert tokenizer.decode(prompt.ids) == "b"


def test_a_tokenizer_without_an_end(tmp_path: Path) -> None:
    tokenizer = _tokenizer(tmp_path, "bytes", {"tokens": []})
    with pytest.raises(ValueError, match="ends an answer"):
        stop_ids(FAMILIES["starcoder"], tokenizer)
