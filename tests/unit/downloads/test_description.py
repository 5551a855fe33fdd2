"""What was fetched is described as the catalogue has it, with the hashes of its files."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from jupyter_safecoder.downloads.description import describe_files, merge_adapter_of
from jupyter_safecoder.errors import ModelError
from jupyter_safecoder.models import verify_files
from jupyter_safecoder.models.catalogue import Entry
from jupyter_safecoder.models.description import read_description
from jupyter_safecoder.models.fingerprint import hash_file
from jupyter_safecoder.postprocess import DEFAULT_CALIBRATION, Calibration
from jupyter_safecoder.prompt import Budget


def _entry(family: str = "starcoder", adapter: str = "") -> Entry:
    return Entry(
        name="tiny-coder",
        purpose="for tests",
        parameters=1_000_000,
        license="MIT",
        commercial_use=True,
        gated=False,
        family=family,
        layouts=("psm", "context"),
        default_layout="context",
        memory_mb=10,
        adapter=adapter,
    )


def test_a_checkpoint(checkpoint: Path, cache: Path) -> None:
    known = {"model.safetensors": hash_file(checkpoint / "model.safetensors")}
    model = describe_files(_entry(), checkpoint, known, cache)
    assert read_description(checkpoint) == model
    assert (model.name, model.license, model.layouts, model.default_layout) == (
        *("tiny-coder", "MIT"),
        *(("psm", "context"), "context"),
    )
    assert (model.weights, model.format) == (checkpoint, "checkpoint")
    assert {file.path.name: file.sha256 for file in model.files} == {
        file.path.name: hash_file(file.path) for file in model.files
    }
    verify_files(model)


def test_the_confidence_of_the_catalogue_is_kept(checkpoint: Path, cache: Path) -> None:
    measured = Calibration(intercept=0.5, slope=1.25)
    model = describe_files(replace(_entry(), confidence=measured), checkpoint, {}, cache)
    assert model.calibration == read_description(checkpoint).calibration == measured
    unmeasured = describe_files(_entry(), checkpoint, {}, cache)
    assert unmeasured.calibration == DEFAULT_CALIBRATION


def test_the_budget_of_the_catalogue_is_kept(checkpoint: Path, cache: Path) -> None:
    entry = replace(_entry(), budget=Budget(context=30, prefix=20, suffix=10))
    describe_files(entry, checkpoint, {}, cache)
    model = read_description(checkpoint)
    assert (model.context_tokens, model.prefix_tokens, model.suffix_tokens) == (30, 20, 10)


def test_another_file_than_the_hash_says_is_found_later(checkpoint: Path, cache: Path) -> None:
    model = describe_files(_entry(), checkpoint, {}, cache)
    with (checkpoint / "config.json").open("a") as stream:
        stream.write(" ")
    with pytest.raises(ModelError, match=r"config\.json"):
        verify_files(model)


def test_another_family(checkpoint: Path, cache: Path) -> None:
    with pytest.raises(ModelError, match="not of the family codegemma"):
        describe_files(_entry("codegemma"), checkpoint, {}, cache)
    assert not (checkpoint / "model.json").exists()


def test_an_adapter_that_is_not_installed(checkpoint: Path, cache: Path) -> None:
    entry = _entry(adapter="tuned")
    base = describe_files(entry, checkpoint, {}, cache)
    with pytest.raises(ModelError, match="tuned of tiny-coder is not installed"):
        merge_adapter_of(entry, base, cache / "merged", cache)
