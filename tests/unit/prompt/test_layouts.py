"""Prompts in each layout, id by id."""

from __future__ import annotations

import pytest

from jupyter_safecoder.models.tokenizer import FileTokenizer
from jupyter_safecoder.prompt import FAMILIES, LAYOUTS, Budget, Tokenizer, build_prompt
from jupyter_safecoder.protocol import Cell, CompletionRequest

FAMILY = FAMILIES["starcoder"]
BUDGET = Budget(2048, 256, 96)
BEFORE = (Cell("markdown", "# T"), Cell("code", "\na = 1\n\n", " 1 "), Cell("raw", "raw"))
REQUEST = CompletionRequest("  b = a", " + 1\n", before=BEFORE)

CONTEXT = (
    "<jupyter_start>",
    *("<jupyter_text>", "# T"),
    *("<jupyter_code>", "a = 1", "<jupyter_output>", "1"),
    "<jupyter_code>",
)
PARTS = {
    "spm": ("<fim_prefix>", "<fim_suffix>", " + 1\n", "<fim_middle>", *CONTEXT, "  b = a"),
    "psm": ("<fim_prefix>", *CONTEXT, "  b = a", "<fim_suffix>", " + 1\n", "<fim_middle>"),
    "context": (*CONTEXT, "<fim_prefix>", "<fim_suffix>", " + 1\n", "<fim_middle>", "  b = a"),
    "suffix-first": ("<fim_suffix>", " + 1\n", "<fim_prefix>", *CONTEXT, "  b = a", "<fim_middle>"),
    "prefix": (*CONTEXT, "  b = a"),
}


def _ids(tokenizer: Tokenizer, request: CompletionRequest, layout: str) -> list[int]:
    return build_prompt(request, FAMILY, tokenizer, BUDGET, layout).ids


@pytest.mark.parametrize("layout", LAYOUTS)
def test_layout(tokenizer: Tokenizer, layout: str) -> None:
    expected: list[int] = []
    for part in PARTS[layout]:
        expected += [tokenizer.token_id(part)] if part.startswith("<") else tokenizer.encode(part)
    assert _ids(tokenizer, REQUEST, layout) == expected


def test_layout_in_numbers(embedded_tokenizer: FileTokenizer) -> None:
    """The embedded model's card: context, then 8 10 S 9 P."""
    request = CompletionRequest("x", "y", before=(Cell("code", "z"),))
    x, y, z = (embedded_tokenizer.encode(text) for text in "xyz")
    assert _ids(embedded_tokenizer, request, "context") == [11, 13, *z, 13, 8, 10, *y, 9, *x]
    assert _ids(embedded_tokenizer, request, "spm") == [8, 10, *y, 9, 11, 13, *z, 13, *x]
    assert _ids(embedded_tokenizer, request, "psm") == [8, 11, 13, *z, 13, *x, 10, *y, 9]
