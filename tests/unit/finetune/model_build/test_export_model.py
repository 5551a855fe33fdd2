"""The report of a model describes how it was made."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from jupyter_safecoder.adapters.card import Card
from jupyter_safecoder.downloads.package_index import Package
from jupyter_safecoder.errors import FinetuneError
from jupyter_safecoder.finetune.model_build.export_model import (
    check_exportable,
    describe_tuned,
    write_description,
    write_report,
)
from jupyter_safecoder.finetune.model_build.manifest import Base, Manifest
from jupyter_safecoder.finetune.recipe import Recipe
from jupyter_safecoder.models.description import read_description
from tests.support.model_sources import MODEL

BASE = Base(Package("tiny-base", "1.0", "0" * 64, "MIT"), "base.gguf", "0" * 64, {}, MODEL)
SIDE = {"exact_match": 0.1, "edit_similarity": 0.4, "loss": 2.0}
CARD = Card(
    *("tiny", "tiny-base", "0" * 64, "1" * 64),
    counts={"trained_on": 12},
    recipe=Recipe(rank=4).as_dict(),
    curves={"train": [[1, 2.0]], "val": [[0, 2.1], [1, 1.9]]},
    scores={"held_out": {"base": SIDE, "tuned": {**SIDE, "loss": 1.5}}},
    probe={},
    accepted=True,
    reason="",
    made="2026-11-25T10:00:00+00:00",
    by="grace",
    versions={"torch": "2.13.0"},
)
RUN = {"steps": 3, "sample_tokens": 2000, "computed_tokens": 900, "seconds": 120.0}


def write_model_files(directory: Path) -> None:
    for name in ("tiny.gguf", "tokenizer.json"):
        (directory / name).write_text(name)
    write_description(MODEL, directory / "tiny.gguf", directory / "tokenizer.json")


def test_a_description_has_the_hashes_of_its_files(tmp_path: Path) -> None:
    write_model_files(tmp_path)
    data: dict[str, Any] = json.loads((tmp_path / "model.json").read_text())
    assert data["weights"]["size"] == len("tiny.gguf")
    assert len(data["tokenizer"]["sha256"]) == 64
    assert read_description(tmp_path).name == MODEL["name"]


def test_a_tuned_model_is_described_by_its_base(tmp_path: Path) -> None:
    write_model_files(tmp_path)
    base = replace(
        read_description(tmp_path),
        family="qwen2.5-coder",
        layouts=("psm",),
        default_layout="psm",
        format="checkpoint",
        architecture="qwen2",
    )
    tuned = describe_tuned(base, "tuned", {"spm": 0.1, "context": 0.7, "psm": 0.2})
    assert tuned == {
        **MODEL,
        "name": "tuned",
        "family": "qwen2.5-coder",
        "layouts": ("psm", "spm", "context"),
        "default_layout": "context",
        "languages": ("python",),
        "architecture": "qwen2",
    }
    untouched = describe_tuned(base, "tuned", {})
    assert (untouched["layouts"], untouched["default_layout"]) == (("psm",), "psm")


def test_what_cannot_be_exported_is_refused_before_it_is_trained(tmp_path: Path) -> None:
    write_model_files(tmp_path)
    base = read_description(tmp_path)
    base.tokenizer.write_text(json.dumps({"model": {"type": "Unigram"}}))
    with pytest.raises(FinetuneError, match="its tokenizer is of an unknown kind"):
        check_exportable(base)
    with pytest.raises(FinetuneError, match="its architecture is 'gemma'"):
        check_exportable(replace(base, architecture="gemma"))


def test_the_report(tmp_path: Path) -> None:
    write_model_files(tmp_path)
    write_report(tmp_path, CARD, Manifest(BASE, (), ("reserved",)), RUN)
    text = (tmp_path / "CARD.md").read_text("utf-8")
    for part in (
        "tiny-base 1.0 (MIT)",
        "held out whole: reserved",
        "3 steps, 2,000 tokens",
        "2.00 → 1.50",
        "context 100%",
        "2026-11-25",
    ):
        assert part in text
    assert "grace" not in text
    assert json.loads((tmp_path / "curves.json").read_text()) == CARD.curves
    assert (tmp_path / "curves.png").read_bytes().startswith(b"\x89PNG")


def test_the_model_that_training_started_from(tmp_path: Path) -> None:
    write_model_files(tmp_path)
    started = replace(CARD, recipe={**CARD.recipe, "start": "safecoder-smol-135m"})
    write_report(tmp_path, started, Manifest(BASE, (), ()), RUN)
    assert "| base | safecoder-smol-135m |" in (tmp_path / "CARD.md").read_text("utf-8")
