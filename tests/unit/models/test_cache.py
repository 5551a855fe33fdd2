"""Where the cache directory is."""

from __future__ import annotations

from pathlib import Path

import pytest

from jupyter_safecoder.models import cache_directory


def test_the_environment_variable_has_priority(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path))
    monkeypatch.delenv("JUPYTER_SAFECODER_CACHE", raising=False)
    assert cache_directory() == tmp_path / "safecoder"
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("JUPYTER_SAFECODER_CACHE", "~/models")
    assert cache_directory() == tmp_path / "models"
