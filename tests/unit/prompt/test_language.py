"""The language of a cell by its cases, and how the model is told of it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from jupyter_safecoder.engines.scripted import ByteTokenizer
from jupyter_safecoder.prompt import FAMILIES, Budget, build_prompt
from jupyter_safecoder.prompt.language import cell_language, magic_line
from jupyter_safecoder.protocol import Cell, CompletionRequest

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib  # type: ignore[import-not-found,unused-ignore]

with (Path(__file__).parent / "cases" / "language.toml").open("rb") as file:
    CASES = [pytest.param(case, id=case["name"]) for case in tomllib.load(file)["case"]]


@pytest.mark.parametrize("case", CASES)
def test_language(case: dict[str, str]) -> None:
    assert cell_language(case["source"], case.get("kernel", "python")) == case["language"]


@pytest.mark.parametrize("case", CASES)
def test_magic_line_opens_the_cell(case: dict[str, str]) -> None:
    line = magic_line(case["source"])
    assert case["source"].startswith(line)
    if line:
        assert cell_language(line, case.get("kernel", "python")) == case["language"]


def _text(request: CompletionRequest, context: int = 2000, prefix: int = 200) -> str:
    tokenizer = ByteTokenizer()
    family = FAMILIES["starcoder"]
    prompt = build_prompt(request, family, tokenizer, Budget(context, prefix, 100), "spm")
    return tokenizer.decode(prompt.ids)


def test_the_magic_stays_when_the_cell_is_cut() -> None:
    prefix = "%%sql db\n" + "select 1;\n" * 5000 + "select "
    text = _text(CompletionRequest(prefix, ""))
    assert text.startswith("%%sql db\n")
    assert text.endswith("select ")
    assert text.count("%%sql") == 1


def test_the_magic_is_not_doubled_when_the_cell_fits() -> None:
    assert _text(CompletionRequest("%%sql\nselect ", "")) == "%%sql\nselect "


@pytest.mark.parametrize("cells", [0, 3, 500])
def test_another_kernel_is_told_however_long_the_notebook_is(cells: int) -> None:
    before = tuple(Cell("code", f"x{n} <- c({n}, {n})") for n in range(cells))
    text = _text(CompletionRequest("y <- ", "", before=before, language="r"))
    assert text.startswith("A notebook in r.")
    assert text.endswith("y <- ")
    if cells:
        assert f"x{cells - 1} <- " in text


def test_python_is_taken_for_granted() -> None:
    assert "notebook" not in _text(CompletionRequest("y = ", "", before=(Cell("code", "x = 1"),)))


@pytest.mark.parametrize("line", ["%matplotlib inline", "!pip list", "files = !ls", "%%time", "?x"])
def test_magic_and_shell_lines_are_context_like_any_other(line: str) -> None:
    request: Any = CompletionRequest(f"{line}\nx = ", "", before=(Cell("code", f"{line}\n1"),))
    assert _text(request) == f"{line}\n1{line}\nx = "
