"""A read-only GGUF file, such as one that an administrator installed for all users.

In a container, with the embedded model: ``tests/slow/test_external_service.py``.
"""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from jupyter_safecoder.conversion import ensure_writable_copy
from jupyter_safecoder.errors import ModelError
from jupyter_safecoder.models import EMBEDDED, resolve_model


@pytest.fixture
def read_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make all files read-only, also for root."""
    monkeypatch.setattr(os, "access", lambda path, mode: mode != os.W_OK)


def test_a_writable_file_is_not_copied(cache: Path) -> None:
    model = resolve_model(EMBEDDED)
    assert ensure_writable_copy(model, cache) == model.weights
    assert not cache.exists()


@pytest.mark.usefixtures("read_only")
def test_a_read_only_file_is_copied_at_each_start_to_one_path(cache: Path) -> None:
    model = resolve_model(EMBEDDED)
    copy = ensure_writable_copy(model, cache)
    assert copy.suffix == ".gguf"
    copy.write_bytes(b"altered since")
    assert ensure_writable_copy(model, cache) == copy
    assert copy.read_bytes() == model.weights.read_bytes()
    assert [path for path in cache.rglob("*") if path.is_file()] == [copy]


@pytest.mark.usefixtures("read_only")
def test_a_cache_that_cannot_be_written(cache: Path) -> None:
    cache.write_text("not a directory")
    with pytest.raises(ModelError, match="is read-only and could not be copied") as caught:
        ensure_writable_copy(resolve_model(EMBEDDED), cache)
    assert "c.SafeCoder.cache_dir" in caught.value.remedy


def test_a_file_without_the_suffix_gets_a_link(tmp_path: Path, cache: Path) -> None:
    path = tmp_path / "sha256-12"
    path.write_bytes(b"GGUF")
    model = replace(resolve_model(EMBEDDED), weights=path)
    link = ensure_writable_copy(model, cache)
    assert (link.name, link.resolve()) == ("sha256-12.gguf", path.resolve())
    assert ensure_writable_copy(model, cache) == link


@pytest.mark.usefixtures("read_only")
def test_a_read_only_file_without_the_suffix_is_copied(tmp_path: Path, cache: Path) -> None:
    path = tmp_path / "sha256-12"
    path.write_bytes(b"GGUF")
    copy = ensure_writable_copy(replace(resolve_model(EMBEDDED), weights=path), cache)
    assert copy.name == "sha256-12.gguf"
    assert copy.read_bytes() == b"GGUF"
    assert not copy.is_symlink()
