"""Models in LM Studio's store are found by their directories."""

from __future__ import annotations

from pathlib import Path

import pytest

from jupyter_safecoder.errors import ModelError
from jupyter_safecoder.models import resolve_model
from jupyter_safecoder.models.stores.lm_studio import all_models, find_model
from tests.support.tiny_gguf import write_mixed_gguf


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


def _add(home: Path, name: str, store: str = ".lmstudio/models") -> Path:
    path = home / store / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"GGUF")
    return path


@pytest.mark.parametrize("store", [".lmstudio/models", ".cache/lm-studio/models"])
def test_a_model_with_one_file(home: Path, store: str) -> None:
    path = _add(home, "ada/coder-GGUF/coder-Q4_K_M.gguf", store)
    _add(home, "ada/coder-GGUF/mmproj-coder.gguf", store)
    assert find_model("lmstudio:ada/coder-GGUF") == path
    assert find_model("lmstudio:ada/coder-GGUF/coder-Q4_K_M.gguf") == path
    assert find_model("lmstudio:ada/coder-GGUF/coder-Q4_K_M") == path
    assert [*all_models()] == [("lmstudio:ada/coder-GGUF/coder-Q4_K_M.gguf", path)]


def test_parts_are_one_file(home: Path) -> None:
    directory = home / ".lmstudio/models/ada/coder"
    first = write_mixed_gguf(directory / "coder.gguf", tensors_per_file=7)
    assert find_model("lmstudio:ada/coder") == first
    model = resolve_model("lmstudio:ada/coder", cache=home / "cache")
    assert (model.name, model.license) == ("lmstudio:ada/coder", "mit")
    assert len([file for file in model.files if file.path.suffix == ".gguf"]) == 3


def test_several_files(home: Path) -> None:
    _add(home, "ada/coder/a.gguf")
    path = _add(home, "ada/coder/b.gguf")
    with pytest.raises(ModelError, match=r"several GGUF files: a\.gguf, b\.gguf") as raised:
        find_model("lmstudio:ada/coder")
    assert "'lmstudio:ada/coder/a.gguf'" in raised.value.remedy
    assert find_model("lmstudio:ada/coder/b") == path


@pytest.mark.parametrize(
    "name", ["coder", "../coder", "ada/..", "ada/coder/..", "a/b/c/d", "/a/b", ".git/b", "a\\b/c"]
)
def test_what_is_no_name(home: Path, name: str) -> None:
    with pytest.raises(ModelError, match="not a name of a model of LM Studio"):
        find_model(f"lmstudio:{name}")


def test_a_model_that_is_not_there(home: Path) -> None:
    with pytest.raises(ModelError, match="no model 'ada/coder' on this disk; it has: none"):
        find_model("lmstudio:ada/coder")
    _add(home, "ada/coder/a.gguf")
    with pytest.raises(ModelError, match=r"it has: lmstudio:ada/coder/a\.gguf"):
        find_model("lmstudio:ada/coder/c.gguf")
