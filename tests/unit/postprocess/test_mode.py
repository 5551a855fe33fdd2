"""How much to write, by its cases, ``cases/mode.toml``."""

from __future__ import annotations

from pathlib import Path

import pytest

from jupyter_safecoder.files.toml import read_toml
from jupyter_safecoder.postprocess import mode_at

FILE = Path(__file__).parent / "cases" / "mode.toml"
CASES = [pytest.param(case, id=case["name"]) for case in read_toml(FILE)["case"]]


@pytest.mark.parametrize("case", CASES)
def test_mode(case: dict[str, str]) -> None:
    language = case.get("language", "python")
    assert mode_at(case["prefix"], case.get("suffix", ""), language) == case["mode"]
