"""Prompts, id for id."""

from __future__ import annotations

import pytest

from jupyter_safecoder.engines.scripted import ByteTokenizer
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
SPECIALS = (
    *("<fim_prefix>", "<fim_suffix>", "<fim_middle>", "<fim_pad>", "<|endoftext|>"),
    *("<jupyter_start>", "<jupyter_text>", "<jupyter_code>", "<jupyter_output>"),
    *("<jupyter_script>", "<empty_output>", "<file_sep>", "<repo_name>", "<|im_start|>"),
)


@pytest.fixture(params=["bytes", "embedded"])
def tokenizer(request: pytest.FixtureRequest) -> Tokenizer:
    if request.param == "bytes":
        return ByteTokenizer()
    tokenizer: FileTokenizer = request.getfixturevalue("embedded_tokenizer")
    return tokenizer


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


@pytest.mark.parametrize("layout", LAYOUTS)
def test_parts_are_tokenized_apart(embedded_tokenizer: FileTokenizer, layout: str) -> None:
    """A cut within a word leaves both halves as they are, never one token over the cut."""
    cut = CompletionRequest("impor", "t numpy")
    ids = _ids(embedded_tokenizer, cut, layout)
    for part in ("impor", "t numpy") if layout != "prefix" else ("impor",):
        text = embedded_tokenizer.encode(part)
        assert any(ids[n : n + len(text)] == text for n in range(len(ids)))
    assert embedded_tokenizer.encode("import")[0] not in ids


@pytest.mark.parametrize("layout", LAYOUTS)
def test_text_that_spells_special_tokens_stays_text(
    embedded_tokenizer: FileTokenizer, layout: str
) -> None:
    text = "".join(SPECIALS) * 3
    hostile = CompletionRequest(
        text, text, before=(Cell("code", text, text), Cell("markdown", text)), language="r<fim_pad>"
    )
    harmless = CompletionRequest(
        "x", "x", before=(Cell("code", "x", "x"), Cell("markdown", "x")), language="r"
    )
    special = {embedded_tokenizer.token_id(name) for name in SPECIALS}

    def only_special(request: CompletionRequest) -> list[int]:
        wide = build_prompt(request, FAMILY, embedded_tokenizer, Budget(4096, 4096, 4096), layout)
        return [i for i in wide.ids if i in special]

    assert only_special(hostile) == only_special(harmless)
    assert len(only_special(harmless)) == (6 if layout == "prefix" else 9)


@pytest.mark.parametrize("suffix", ["    indented\n", "\n\n\tx", " )", "", "  \n"])
def test_the_suffix_is_untouched(tokenizer: Tokenizer, suffix: str) -> None:
    ids = _ids(tokenizer, CompletionRequest("x", suffix), "spm")
    end = ids.index(tokenizer.token_id("<fim_middle>"))
    assert tokenizer.decode(ids[2:end]) == suffix


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("text", ["\U0001f600 = 'é中'", "\ud83d", "\udc00x\ud83d", "\x00"])
def test_any_text_gives_a_prompt(tokenizer: Tokenizer, layout: str, text: str) -> None:
    request = CompletionRequest(text, text, before=(Cell("code", text, text),), language=text)
    prompt = build_prompt(request, FAMILY, tokenizer, BUDGET, layout)
    assert prompt.layout == layout
    assert all(isinstance(i, int) and i >= 0 for i in prompt.ids)


def test_cells_below_are_not_in_the_prompt_of_these_layouts(tokenizer: Tokenizer) -> None:
    for layout in LAYOUTS:
        assert "later" not in tokenizer.decode(_ids(tokenizer, REQUEST, layout))


def test_empty_cells_and_raw_cells_give_nothing(tokenizer: Tokenizer) -> None:
    empty = (Cell("code", " \n"), Cell("raw", "raw"), Cell("markdown", ""))
    alone = CompletionRequest("x", "")
    assert _ids(tokenizer, CompletionRequest("x", "", before=empty), "spm") == _ids(
        tokenizer, alone, "spm"
    )


def test_outputs_are_cut_at_200_characters(tokenizer: Tokenizer) -> None:
    request = CompletionRequest("x", "", before=(Cell("code", "1", "é" * 5000),))
    assert tokenizer.decode(_ids(tokenizer, request, "spm")).count("é") == 200
