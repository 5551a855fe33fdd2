"""Models of the catalogue on this disk, by name."""

from __future__ import annotations

from pathlib import Path

import pytest

from jupyter_safecoder.engines.scripted import write_scripted_model
from jupyter_safecoder.errors import ModelError
from jupyter_safecoder.models.catalogue import (
    find_installed,
    installed_models,
    is_installed,
    model_directory,
)


def test_a_model_is_found_by_its_name(cache: Path) -> None:
    assert find_installed(cache, "tiny") is None
    write_scripted_model(model_directory(cache, "tiny"), {"otherwise": "pass"})
    found = find_installed(cache, "tiny")
    assert found is not None
    assert found.weights.parent == cache / "models" / "tiny"
    assert list(installed_models(cache)) == [found]


def test_what_is_unfinished_is_not_found(cache: Path) -> None:
    write_scripted_model(cache / "models" / ".tiny.download", {"otherwise": "pass"})
    (cache / "models" / "empty").mkdir()
    assert list(installed_models(cache)) == []
    assert not is_installed(cache, "empty")


@pytest.mark.parametrize("name", ["../other", ".tiny.download", "/models", "", "a/b", "A"])
def test_a_path_is_no_name(cache: Path, name: str) -> None:
    write_scripted_model(cache / "other", {"otherwise": "pass"})
    assert find_installed(cache / "x", name) is None
    with pytest.raises(ValueError, match="not the name of a model"):
        model_directory(cache, name)


def test_a_damaged_description(cache: Path) -> None:
    directory = model_directory(cache, "tiny")
    directory.mkdir(parents=True)
    (directory / "model.json").write_text("{")
    with pytest.raises(ModelError, match=r"model\.json cannot be read"):
        find_installed(cache, "tiny")
    assert list(installed_models(cache)) == []
