"""The language of a cell by its cases, ``cases/language.toml``."""

from __future__ import annotations

from pathlib import Path

import pytest

from jupyter_safecoder.files.toml import read_toml
from jupyter_safecoder.prompt.language import cell_language, magic_line

FILE = Path(__file__).parent / "cases" / "language.toml"
CASES = [pytest.param(case, id=case["name"]) for case in read_toml(FILE)["case"]]


@pytest.mark.parametrize("case", CASES)
def test_language(case: dict[str, str]) -> None:
    assert cell_language(case["source"], case.get("kernel", "python")) == case["language"]


@pytest.mark.parametrize("case", CASES)
def test_the_magic_line_opens_the_cell(case: dict[str, str]) -> None:
    line = magic_line(case["source"])
    assert case["source"].startswith(line)
    if line:
        assert cell_language(line, case.get("kernel", "python")) == case["language"]
