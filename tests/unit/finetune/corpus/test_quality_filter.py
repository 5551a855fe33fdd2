"""Documents that are rejected by their text, with the reason."""

from __future__ import annotations

import pytest

from jupyter_safecoder.finetune.corpus.quality_filter import rejection_reason
from jupyter_safecoder.finetune.documents import Document
from jupyter_safecoder.protocol import Cell


def reason(source: str, language: str = "python", excluded: int = 0) -> str | None:
    cells = (Cell("code", source),) if source else ()
    return rejection_reason(
        Document("a", cells, tuple(range(len(cells))), language, True, excluded)
    )


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("import numpy", None),
        ("", "no code in it"),
        ("# @generated\nx = 1", "marked as generated"),
        ("# vendored from elsewhere\nx = 1", "marked as vendored"),
        ("# SPDX-License-Identifier: AGPL-3.0-only\nx = 1", "license: AGPL-3.0-only"),
        ("# SPDX-License-Identifier: MIT\nx = 1", None),
        ("# GNU General Public License\nx = 1", "license: General Public License"),
        ("# All rights reserved. Confidential\nx = 1", "license: all rights reserved"),
        ("x = '" + "a" * 1100 + "'", "not code: its lines are too long"),
        ("x = [\n" + "12345,\n" * 100 + "]", "not code: mostly digits"),
    ],
)
def test_reasons(source: str, expected: str | None) -> None:
    assert reason(source) == expected


def test_one_long_line_among_short_ones() -> None:
    assert reason("x = '" + "a" * 1100 + "'\n" + "value = other\n" * 100) is None


def test_another_language_and_excluded_cells() -> None:
    assert reason("x = 1", "r") == "another language: r"
    assert reason("import numpy", "ipython") is None
    assert reason("", excluded=3) == "no code in it (3 excluded by tag)"
