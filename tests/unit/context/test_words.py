"""Words by which code is compared."""

from __future__ import annotations

import pytest

from jupyter_safecoder.context.words import words_of


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("readMeterCSV", ["readmetercsv", "read", "meter", "csv"]),
        ("load_run_2", ["load_run_2", "load", "run"]),
        ("HTTPServer", ["httpserver", "http", "server"]),
        ("price = gk.price(kwh)", ["price", "gk", "price", "kwh"]),
        ("for x in range(10): return None", []),
        ("import numpy as np", ["numpy"]),
        ("größe_meter", ["größe_meter", "größe", "meter"]),
        ("123 + 4.5", []),
    ],
)
def test_words(text: str, words: list[str]) -> None:
    assert list(words_of(text)) == words
