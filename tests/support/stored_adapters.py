"""Adapters as files of the cache directory, for what lists them and never loads them."""

from __future__ import annotations

from pathlib import Path

from jupyter_safecoder.adapters.registry import CONFIG, WEIGHTS, Card, Registry


def store_adapter(cache: Path, name: str) -> None:
    """Store an adapter with a card and empty files."""
    scores = {"held_out": {"base": {"loss": 1.42}, "tuned": {"loss": 1.17}}}
    card = Card(
        *(name, "safecoder-smol-135m", "0" * 64, "1" * 64),
        *({}, {}, {}, scores, {}, True, "The held-out loss fell by 18 %."),
        *("2026-11-20T10:12:00+00:00", "grace"),
    )
    registry = Registry(cache)
    with registry.staging(name) as directory:
        for file in (WEIGHTS, CONFIG):
            (directory / file).write_text("{}")
        registry.commit(directory, card)
