"""Adapters as files of the cache directory, for what lists them and never loads them."""

from __future__ import annotations

from pathlib import Path

from jupyter_safecoder.adapters.card import Card
from jupyter_safecoder.adapters.peft_files import CONFIG, WEIGHTS
from jupyter_safecoder.adapters.registry import Registry


def store_adapter(cache: Path, name: str, base_sha256: str = "0" * 64) -> None:
    """Store an adapter of a base model with a card and files that hold nothing."""
    scores = {"held_out": {"base": {"loss": 1.42}, "tuned": {"loss": 1.17}}}
    card = Card(
        name=name,
        base="safecoder-smol-135m",
        base_sha256=base_sha256,
        corpus_sha256="1" * 64,
        counts={},
        recipe={},
        curves={},
        scores=scores,
        probe={},
        accepted=True,
        reason="The held-out loss fell by 18 %.",
        made="2026-11-20T10:12:00+00:00",
        by="grace",
    )
    registry = Registry(cache)
    with registry.staging(name) as directory:
        for file in (WEIGHTS, CONFIG):
            (directory / file).write_text("{}")
        registry.commit(directory, card)
