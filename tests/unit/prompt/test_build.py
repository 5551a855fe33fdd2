"""A prompt takes any text, keeps its parts apart, and grows only at its end while a user types."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import pytest

from jupyter_safecoder.engines.scripted import ByteTokenizer
from jupyter_safecoder.models.tokenizer import FileTokenizer
from jupyter_safecoder.prompt import FAMILIES, LAYOUTS, Budget, Tokenizer, build_prompt
from jupyter_safecoder.prompt.common_prefix import common_prefix_length
from jupyter_safecoder.protocol import Cell, CompletionRequest

FAMILY = FAMILIES["starcoder"]
BUDGET = Budget(2048, 256, 96)
LINE = "frame = pd.read_csv('measurements.csv').groupby(['station', 'day']).mean()"
BEFORE = tuple(Cell("code", f"value_{n} = compute({n})", str(n)) for n in range(40))
SPECIAL_TOKENS = (
    *("<fim_prefix>", "<fim_suffix>", "<fim_middle>", "<fim_pad>", "<|endoftext|>"),
    *("<jupyter_start>", "<jupyter_text>", "<jupyter_code>", "<jupyter_output>"),
    *("<jupyter_script>", "<empty_output>", "<file_sep>", "<repo_name>", "<|im_start|>"),
)


def _ids(tokenizer: Tokenizer, request: CompletionRequest, layout: str = "spm") -> list[int]:
    return build_prompt(request, FAMILY, tokenizer, BUDGET, layout).ids


@pytest.mark.parametrize("layout", LAYOUTS)
def test_parts_are_tokenized_separately(embedded_tokenizer: FileTokenizer, layout: str) -> None:
    """A cut within a word leaves both halves, never one token across the cut."""
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
    text = "".join(SPECIAL_TOKENS) * 3
    hostile = CompletionRequest(
        text, text, before=(Cell("code", text, text), Cell("markdown", text)), language="r<fim_pad>"
    )
    harmless = CompletionRequest(
        "x", "x", before=(Cell("code", "x", "x"), Cell("markdown", "x")), language="r"
    )
    special = {embedded_tokenizer.token_id(name) for name in SPECIAL_TOKENS}

    def special_ids(request: CompletionRequest) -> list[int]:
        budget = Budget(4096, 4096, 4096)
        prompt = build_prompt(request, FAMILY, embedded_tokenizer, budget, layout)
        return [i for i in prompt.ids if i in special]

    assert special_ids(hostile) == special_ids(harmless)
    assert len(special_ids(harmless)) == (6 if layout == "prefix" else 9)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_path_is_in_no_prompt(embedded_tokenizer: FileTokenizer, layout: str) -> None:
    plain = CompletionRequest("x = ", "y", before=(Cell("code", "z"),))
    named = replace(plain, path="patients/ada.ipynb", document="ada")
    assert _ids(embedded_tokenizer, named, layout) == _ids(embedded_tokenizer, plain, layout)


@pytest.mark.parametrize("suffix", ["    indented\n", "\n\n\tx", " )", "", "  \n"])
def test_the_suffix_is_unchanged(tokenizer: Tokenizer, suffix: str) -> None:
    ids = _ids(tokenizer, CompletionRequest("x", suffix))
    end = ids.index(tokenizer.token_id("<fim_middle>"))
    assert tokenizer.decode(ids[2:end]) == suffix


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("text", ["\U0001f600 = 'é中'", "\ud83d", "\udc00x\ud83d", "\x00"])
def test_any_text_gives_a_prompt(tokenizer: Tokenizer, layout: str, text: str) -> None:
    request = CompletionRequest(text, text, before=(Cell("code", text, text),), language=text)
    prompt = build_prompt(request, FAMILY, tokenizer, BUDGET, layout)
    assert prompt.layout == layout
    assert all(isinstance(i, int) and i >= 0 for i in prompt.ids)


def _text(request: CompletionRequest) -> str:
    tokenizer = ByteTokenizer()
    prompt = build_prompt(request, FAMILY, tokenizer, Budget(2000, 200, 100), "spm")
    return tokenizer.decode(prompt.ids)


def test_the_cell_magic_stays_when_the_cell_is_cut() -> None:
    prefix = "%%sql db\n" + "select 1;\n" * 5000 + "select "
    text = _text(CompletionRequest(prefix, ""))
    assert text.startswith("%%sql db\n")
    assert text.endswith("select ")
    assert text.count("%%sql") == 1


def test_the_cell_magic_is_not_doubled_when_the_cell_fits() -> None:
    assert _text(CompletionRequest("%%sql\nselect ", "")) == "%%sql\nselect "


@pytest.mark.parametrize("line", ["%matplotlib inline", "!pip list", "files = !ls", "%%time", "?x"])
def test_magic_and_shell_lines_are_ordinary_text(line: str) -> None:
    request = CompletionRequest(f"{line}\nx = ", "", before=(Cell("code", f"{line}\n1"),))
    assert _text(request) == f"{line}\n1{line}\nx = "


def _lost_tokens(tokenizer: Tokenizer, layout: str) -> list[int]:
    """Return how many tokens of each keystroke's prompt the next prompt does not share."""
    prompts = [
        _ids(
            tokenizer,
            CompletionRequest("import pandas as pd\n" + LINE[:n], "\nframe", before=BEFORE),
            layout,
        )
        for n in range(len(LINE) + 1)
    ]
    return [len(one) - common_prefix_length(one, other) for one, other in pairwise(prompts)]


@pytest.mark.parametrize("layout", ["spm", "context"])
def test_a_keystroke_changes_only_the_end(embedded_tokenizer: FileTokenizer, layout: str) -> None:
    lost = _lost_tokens(embedded_tokenizer, layout)
    assert max(lost) <= 4  # a word that grows may be split differently
    assert sum(lost) / len(lost) < 1.5


def test_with_psm_a_keystroke_invalidates_the_suffix(embedded_tokenizer: FileTokenizer) -> None:
    suffix = len(embedded_tokenizer.encode("\nframe"))
    assert min(_lost_tokens(embedded_tokenizer, "psm")) >= suffix + 1


def test_with_bytes_a_keystroke_only_appends() -> None:
    assert set(_lost_tokens(ByteTokenizer(), "spm")) == {0}


def _starts_alike(prompts: Sequence[list[int]], tokens: int) -> list[bool]:
    return [common_prefix_length(one, other) >= tokens for one, other in pairwise(prompts)]


def test_a_long_cell_keeps_its_start_for_many_lines(embedded_tokenizer: FileTokenizer) -> None:
    """Typing 6,000 characters line by line: most new lines do not move the start."""
    lines = [f"value_{n} = compute(value_{n - 1}, {n})\n" for n in range(200)]
    prompts = [
        _ids(embedded_tokenizer, CompletionRequest("".join(lines[:n]), "")) for n in range(200)
    ]
    opening = len(_ids(embedded_tokenizer, CompletionRequest("", "x"))) - 1
    moves = _starts_alike(prompts[20:], opening + 20).count(False)
    assert 5 < moves < 200 / 3
    assert max(map(len, prompts)) <= opening + 256 * 5 // 4 + 1
    assert min(map(len, prompts[40:])) >= 256 // 3


def test_a_cell_of_5_mb_costs_little(embedded_tokenizer: FileTokenizer) -> None:
    text = "value = compute(1, 2)\n" * (5_000_000 // 22)
    start = time.perf_counter()
    ids = _ids(embedded_tokenizer, CompletionRequest(text, text, before=(Cell("code", text),)))
    assert time.perf_counter() - start < 2
    assert len(ids) < 256 * 5 // 4 + 96 + 10


def test_2000_cells_cost_little_at_each_keystroke(embedded_tokenizer: FileTokenizer) -> None:
    before = tuple(
        Cell("code", f"value_{n} = compute({n})\n" * 20, f"out {n}") for n in range(2000)
    )
    _ids(embedded_tokenizer, CompletionRequest("x", "", before=before))
    start = time.perf_counter()
    for n in range(20):
        _ids(embedded_tokenizer, CompletionRequest("x" * n, "", before=before))
    assert (time.perf_counter() - start) / 20 < 0.1
