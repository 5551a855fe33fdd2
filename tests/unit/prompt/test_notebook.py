"""Which cells above the cursor a prompt includes, and how."""

from __future__ import annotations

from pathlib import Path

import pytest

from jupyter_safecoder.engines.scripted import ByteTokenizer
from jupyter_safecoder.prompt import FAMILIES, Budget, Tokenizer, build_prompt
from jupyter_safecoder.protocol import Cell, CompletionRequest
from tests.support.tiny_tokenizers import write_tokenizer

FAMILY = FAMILIES["starcoder"]
BUDGET = Budget(2048, 256, 96)


def _ids(tokenizer: Tokenizer, request: CompletionRequest) -> list[int]:
    return build_prompt(request, FAMILY, tokenizer, BUDGET, "spm").ids


def _text(request: CompletionRequest) -> str:
    tokenizer = ByteTokenizer()
    return tokenizer.decode(_ids(tokenizer, request))


def test_cells_are_whole_and_the_nearest() -> None:
    cells = tuple(Cell("code", f"[{n:05} " + "." * (n * 37 % 90) + "]") for n in range(300))
    for count in range(50, 300, 7):
        text = _text(CompletionRequest("", "", before=cells[:count]))
        included = [cell.source for cell in cells[:count] if cell.source in text]
        assert text == "".join(included)
        assert included == [cell.source for cell in cells[count - len(included) : count]]
        assert 900 <= len(text) <= 2048


def test_the_nearest_cell_is_included_even_if_it_is_large() -> None:
    before = (Cell("code", "f" * 1200), Cell("code", "n" * 1800))
    assert _text(CompletionRequest("x", "", before=before)) == "n" * 1800 + "x"


def test_a_cell_that_alone_exceeds_the_budget_is_left_out() -> None:
    large = Cell("code", "L" * 3000)
    huge = Cell("code", "H" * 5_000_000)
    before = (Cell("code", "far"), large, huge, Cell("code", "near"))
    assert _text(CompletionRequest("x", "", before=before)) == "farnearx"


def test_empty_cells_and_raw_cells_are_left_out(tokenizer: Tokenizer) -> None:
    empty = (Cell("code", " \n"), Cell("raw", "raw"), Cell("markdown", ""))
    with_cells = CompletionRequest("x", "", before=empty)
    assert _ids(tokenizer, with_cells) == _ids(tokenizer, CompletionRequest("x", ""))


def test_outputs_are_cut_at_200_characters(tokenizer: Tokenizer) -> None:
    request = CompletionRequest("x", "", before=(Cell("code", "1", "é" * 5000),))
    assert tokenizer.decode(_ids(tokenizer, request)).count("é") == 200


@pytest.mark.parametrize("cells", [0, 3, 500])
def test_another_language_is_named_however_long_the_notebook_is(cells: int) -> None:
    before = tuple(Cell("code", f"x{n} <- c({n}, {n})") for n in range(cells))
    text = _text(CompletionRequest("y <- ", "", before=before, language="r"))
    assert text.startswith("A notebook in r.")
    assert text.endswith("y <- ")
    if cells:
        assert f"x{cells - 1} <- " in text


def test_python_is_not_named() -> None:
    assert "notebook" not in _text(CompletionRequest("y = ", "", before=(Cell("code", "x = 1"),)))


def test_cells_as_a_script_in_another_language(tmp_path: Path) -> None:
    tokenizer = write_tokenizer(tmp_path, "bytes", ["<|endoftext|>"])
    cells = (Cell("markdown", "# T\n\ntext"), Cell("code", "let a = 1;", "1\n2"))
    request = CompletionRequest("b", "", language="rust", before=cells)
    prompt = build_prompt(request, FAMILIES["prefix-only"], tokenizer, BUDGET, "prefix")
    assert tokenizer.decode(prompt.ids) == (
        "// %% [markdown]\n// A notebook in rust.\n\n"
        "// %% [markdown]\n// # T\n//\n// text\n\n"
        "// %%\nlet a = 1;\n// => 1\n// => 2\n\n"
        "// %%\nb"
    )


def test_a_script_without_cells_has_no_marker(tmp_path: Path) -> None:
    tokenizer = write_tokenizer(tmp_path, "bytes", ["<|endoftext|>"])
    request = CompletionRequest("b", "")
    prompt = build_prompt(request, FAMILIES["prefix-only"], tokenizer, BUDGET, "prefix")
    assert tokenizer.decode(prompt.ids) == "b"


def test_outputs_are_cleaned() -> None:
    cell = Cell("code", "f()", "\x1b[31m 5%|# \r\x1b[0mresult of <A at 0x7f30a0>")
    assert _text(CompletionRequest("x", "", before=(cell,))) == "f()result of <A>x"


@pytest.mark.parametrize("language", ["python", "pyspark", "ipython3", "team-kernel,.py"])
def test_a_kernel_of_python_by_another_name_is_not_named(language: str) -> None:
    before = (Cell("code", "import os"),)
    assert _text(CompletionRequest("x", "", before=before, language=language)) == "import osx"
