"""The cases of ``secrets.toml``: code with a secret of each kind."""

from __future__ import annotations

from typing import Any

from jupyter_safecoder.files.toml import read_toml
from tests.support.paths import ROOT

CASES: list[dict[str, Any]] = read_toml(
    ROOT / "tests" / "unit" / "secrets" / "cases" / "secrets.toml"
)["case"]


def value(case: dict[str, Any]) -> str:
    """Return the secret of a case."""
    return "".join(case["secret"])


def code_with_secret(case: dict[str, Any]) -> str:
    """Return the code of a case with its secret."""
    code = str(case["code"])
    for number, part in enumerate(case["secret"], 1):
        code = code.replace(f"{{{number}}}", part)
    return code.replace("{}", value(case))
