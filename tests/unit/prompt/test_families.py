"""The family of a model is detected by its tokens, and its prompt has the right layout."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from jupyter_safecoder.files.toml import read_toml
from jupyter_safecoder.models.tokenizer import FileTokenizer
from jupyter_safecoder.prompt import (
    FAMILIES,
    LAYOUTS,
    Budget,
    build_prompt,
    detect_family,
    stop_ids,
)
from jupyter_safecoder.protocol import Cell, CompletionRequest
from tests.support.tiny_tokenizers import TOKENIZER_KINDS, write_tokenizer

CASES = read_toml(Path(__file__).parent / "cases" / "families.toml")["prompt"]
BUDGET = Budget(1000, 100, 100)


def _tokenizer(directory: Path, kind: str, case: dict[str, Any]) -> FileTokenizer:
    return write_tokenizer(directory, kind, case["tokens"], case.get("bos"))


def _request(
    case: dict[str, Any], prefix: str = "b = a", suffix: str = " + 1"
) -> CompletionRequest:
    cells = (Cell("code", "a = 1"),) if case.get("cells") else ()
    return CompletionRequest(prefix, suffix, before=cells)


@pytest.mark.parametrize("kind", TOKENIZER_KINDS)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case["family"])
def test_prompt_of_each_family(tmp_path: Path, kind: str, case: dict[str, Any]) -> None:
    tokenizer = _tokenizer(tmp_path, kind, case)
    family = detect_family(case.get("architecture", "llama"), tokenizer.has)
    assert family.name == case["family"]
    assert list(family.layouts) == case["layouts"]
    names = {*case["tokens"], case.get("bos")}
    expected: list[int] = []
    for part in case["parts"]:
        expected += [tokenizer.token_id(part)] if part in names else tokenizer.encode(part)
    prompt = build_prompt(_request(case), family, tokenizer, BUDGET, family.layouts[0])
    assert prompt.ids == expected
    stop_tokens = [tokenizer.token_id(name) for name in case["stop_tokens"]]
    assert stop_ids(family, tokenizer) == stop_tokens


@pytest.mark.parametrize("kind", TOKENIZER_KINDS)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case["family"])
def test_text_that_spells_the_tokens_of_a_family_stays_text(
    tmp_path: Path, kind: str, case: dict[str, Any]
) -> None:
    tokenizer = _tokenizer(tmp_path, kind, case)
    family = FAMILIES[case["family"]]
    hostile = "".join(case["tokens"])
    special = {tokenizer.token_id(name) for name in case["tokens"]}

    def special_ids(request: CompletionRequest) -> list[int]:
        ids = build_prompt(request, family, tokenizer, BUDGET, family.layouts[0]).ids
        return [i for i in ids if i in special]

    assert special_ids(_request(case, hostile, hostile)) == special_ids(_request(case))
    decoded = hostile if kind == "bytes" else hostile.replace("▁", " ")  # SentencePiece's space
    assert tokenizer.decode(tokenizer.encode(hostile)) == decoded


def test_every_layout_of_a_family_exists() -> None:
    assert {layout for family in FAMILIES.values() for layout in family.layouts} <= {*LAYOUTS}
