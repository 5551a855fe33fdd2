"""Merged models are made once, completely or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from jupyter_safecoder.adapters import merge
from jupyter_safecoder.adapters.card import Card
from jupyter_safecoder.adapters.merge import delete_merged, load_merged, merge_cached
from jupyter_safecoder.adapters.registry import CONFIG, WEIGHTS, Adapter, Registry
from jupyter_safecoder.errors import FinetuneError
from jupyter_safecoder.models import EMBEDDED, resolve_model


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


@pytest.fixture
def adapter(cache: Path) -> Adapter:
    registry = Registry(cache)
    card = Card("ours", EMBEDDED, "0" * 64, "", {}, {}, {}, {}, {}, True, "", "", "")
    with registry.staging("ours") as staged:
        for name in (WEIGHTS, CONFIG):
            (staged / name).write_text(name)
        return registry.commit(staged, card)


def fail(monkeypatch: pytest.MonkeyPatch, message: dict[str, Any] | None) -> None:
    """Let the process that merges end with an error, which it may report."""

    @contextmanager
    def child_process(*arguments: Any, **options: Any) -> Iterator[SimpleNamespace]:
        process = SimpleNamespace(wait=lambda: -9 if message is None else 1)
        yield SimpleNamespace(first_message=lambda: message, process=process)

    monkeypatch.setattr(merge, "child_process", child_process)


@pytest.mark.parametrize(
    ("message", "error", "reason"),
    [
        ({"error": "OSError: No space left", "disk_full": True}, OSError, "the disk is full"),
        ({"error": "size mismatch", "disk_full": False}, FinetuneError, "base: size mismatch"),
        (None, FinetuneError, r"base: its process ended \(signal 9\)"),
    ],
)
def test_nothing_is_left_of_a_failure(
    message: dict[str, Any] | None,
    error: type[Exception],
    reason: str,
    adapter: Adapter,
    cache: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fail(monkeypatch, message)
    base = replace(resolve_model(EMBEDDED), name="base")
    with pytest.raises(error, match=reason):
        merge_cached(base, adapter, cache)
    assert list((cache / "merged").iterdir()) == []


def test_an_adapter_of_another_base_is_not_merged(
    adapter: Adapter, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fail(monkeypatch, None)
    with pytest.raises(FinetuneError, match="these are not the weights"):
        load_merged(resolve_model(EMBEDDED), "ours", cache)
    assert not (cache / "merged").exists()


def test_the_merged_model_of_one_adapter_is_deleted(adapter: Adapter, cache: Path) -> None:
    delete_merged(cache, adapter)
    own, other = cache / "merged" / adapter.sha256[:32], cache / "merged" / "other"
    own.mkdir(parents=True)
    other.mkdir()
    delete_merged(cache, adapter)
    assert list((cache / "merged").iterdir()) == [other]
