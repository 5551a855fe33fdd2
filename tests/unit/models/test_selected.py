"""The models that a user selected."""

from __future__ import annotations

from pathlib import Path

import pytest

from jupyter_safecoder.models.selected import (
    previous_model,
    record_selected_model,
    selected_model,
)


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


def test_nothing_is_selected_at_first(cache: Path) -> None:
    assert selected_model(cache) == ""
    assert previous_model(cache) == ""


def test_the_last_one_and_the_one_before(cache: Path) -> None:
    for name in ("large", "small", "small"):
        record_selected_model(cache, name)
    assert selected_model(cache) == "small"
    assert previous_model(cache) == "large"
    record_selected_model(cache, "")
    assert selected_model(cache) == ""
    assert previous_model(cache) == "small"


def test_a_long_history_is_cut(cache: Path) -> None:
    for number in range(100):
        record_selected_model(cache, str(number))
    (file,) = cache.iterdir()
    assert len(file.read_text()) < 300
    assert previous_model(cache) == "98"


@pytest.mark.parametrize("content", ["", "{}", "[1]", "[]", "[null]", "\xff"])
def test_a_damaged_file_is_no_selection(cache: Path, content: str) -> None:
    record_selected_model(cache, "small")
    (file,) = cache.iterdir()
    file.write_bytes(content.encode("latin-1"))
    assert selected_model(cache) == ""
    record_selected_model(cache, "large")
    assert selected_model(cache) == "large"
