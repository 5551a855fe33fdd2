"""How much to write, by its cases, ``cases/mode.toml``."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from jupyter_safecoder.postprocess import mode_at

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib  # type: ignore[import-not-found,unused-ignore]

with (Path(__file__).parent / "cases" / "mode.toml").open("rb") as file:
    CASES = [pytest.param(case, id=case["name"]) for case in tomllib.load(file)["case"]]


@pytest.mark.parametrize("case", CASES)
def test_mode(case: dict[str, str]) -> None:
    language = case.get("language", "python")
    assert mode_at(case["prefix"], case.get("suffix", ""), language) == case["mode"]
