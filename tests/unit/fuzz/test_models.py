"""Files of models, adapters, catalogues and jobs: the right content or a sentence."""

from __future__ import annotations

import gzip
import io
import json
import shutil
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_safecoder.adapters.card import Card
from jupyter_safecoder.adapters.model_card import card_of_adapter
from jupyter_safecoder.adapters.peft_files import CONFIG, WEIGHTS, read_config
from jupyter_safecoder.adapters.registry import CARD, Registry, read_card
from jupyter_safecoder.conversion import Store
from jupyter_safecoder.errors import FinetuneError, ModelError
from jupyter_safecoder.finetune.jobs.job_files import JobFiles
from jupyter_safecoder.finetune.model_build.archives import unpack
from jupyter_safecoder.finetune.model_build.manifest import read_manifest
from jupyter_safecoder.models import EMBEDDED
from jupyter_safecoder.models.cards import ModelCard, card_schema, to_markdown
from jupyter_safecoder.models.cards.own_words import FILE, read_own_words
from jupyter_safecoder.models.catalogue import read_catalogue
from jupyter_safecoder.models.description import ModelDescription, read_description
from jupyter_safecoder.models.selected import previous_model, selected_model
from jupyter_safecoder.models.tokenizer import FileTokenizer
from jupyter_safecoder.validation import validate
from tests.support.fuzzing import (
    bodies,
    changed,
    fuzz_files,
    json_values,
    kept,
    result_or_sentence,
    texts,
)


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a directory whose files each case writes."""
    return tmp_path_factory.mktemp("fuzz")


_HASHES = {CONFIG: "0" * 64, WEIGHTS: "1" * 64}
_CARD = {
    **{"name": "a", "base": "b", "base_sha256": "", "corpus_sha256": "", "accepted": True},
    **{"counts": {"x": 1}, "recipe": {"balance": 0.5}, "curves": {"train": [[1, 2.0]]}},
    **{"scores": {"held_out": {"base": {"loss": 1.0}}}, "probe": {"lines": 2, "memorized": 1}},
    **{"reason": "", "made": "", "by": "", "files": _HASHES, "versions": {"torch": "2"}},
}


@fuzz_files
@kept("adapter_cards")
@given(content=bodies(_CARD, {**_CARD, "offered": False}))
def test_the_card_of_an_adapter(directory: Path, content: bytes) -> None:
    (directory / CARD).write_bytes(content)
    card = read_card(directory)
    if card is not None:
        assert isinstance(card, Card)
        described = card_of_adapter(card)
        validate(card_schema(), described.to_json(), "a card")
        assert to_markdown(described).startswith("---\n")
    Registry(directory.parent).all()


_CONFIGURATION = {
    **{"peft_type": "LORA", "r": 8, "lora_alpha": 16, "bias": "none", "use_rslora": False},
    **{"rank_pattern": {"q_proj": 4}, "init_lora_weights": True, "target_modules": ["q_proj"]},
    **{"trainable_token_indices": [1], "base_model_name_or_path": "a/b"},
}


@fuzz_files
@kept("adapter_configurations")
@given(content=bodies(_CONFIGURATION))
def test_the_configuration_of_an_adapter(directory: Path, content: bytes) -> None:
    (directory / CONFIG).write_bytes(content)
    (directory / WEIGHTS).touch()
    config = result_or_sentence(lambda: read_config(directory), FinetuneError)
    if config is not None:
        assert config["peft_type"] == "LORA"
        assert set(config) <= {"base_model_name_or_path", "task_type", "inference_mode", "r"} | {
            *("peft_type", "bias", "lora_alpha", "lora_dropout", "rank_pattern", "alpha_pattern"),
            *("use_rslora", "trainable_token_indices"),
        }


_DESCRIPTION = {
    **{"name": "m", "family": "starcoder", "layouts": ["spm"], "default_layout": "spm"},
    **{"context_window": 512, "context_tokens": 9, "prefix_tokens": 9, "suffix_tokens": 9},
    **{"languages": [], "license": "MIT", "format": "gguf", "architecture": "llama"},
    **{"weights": {"file": "a", "size": 1, "sha256": ""}},
    **{"tokenizer": {"file": "b", "size": 1, "sha256": ""}},
    **{"confidence": {"intercept": 0.5, "slope": 1.0}},
}


@fuzz_files
@kept("descriptions")
@given(content=bodies(_DESCRIPTION))
def test_the_description_of_a_model(directory: Path, content: bytes) -> None:
    (directory / "model.json").write_bytes(content)
    model = result_or_sentence(lambda: read_description(directory), ModelError)
    if model is not None:
        assert isinstance(model, ModelDescription)
        assert all(file.path.parent == directory for file in model.files)
        assert model.weights_bytes >= 0


_toml_values = st.sampled_from(
    ["1", "-1", "inf", "nan", "true", "'x'", "'..'", "[]", "[1]", "{}", "1979-05-27", "''", "1e400"]
)
_MODEL_KEYS = (
    *("name", "purpose", "parameters", "license", "commercial_use", "family", "layouts", "files"),
    *("default_layout", "memory_mb", "budget", "places", "adapter", "quality", "confidence"),
)
_FIELD_KEYS = (
    *("summary", "license", "limits", "base", "corpus", "scores", "training", "probe", "sections"),
    *("name", "relation", "sha256", "manifest", "dataset", "metric", "value", "command", "prompt"),
)


def _toml(headers: tuple[str, ...], keys: tuple[str, ...]) -> st.SearchStrategy[bytes]:
    line = st.builds("{} = {}".format, st.sampled_from(keys), _toml_values)
    lines = st.lists(st.sampled_from(headers) | line | texts, max_size=12)
    return lines.map(lambda found: "\n".join(found).encode("utf-8", "replace"))


@fuzz_files
@kept("catalogues")
@given(content=_toml(("[[models]]", "[models.quality]", "[[models.places]]"), _MODEL_KEYS))
def test_a_catalogue(directory: Path, content: bytes) -> None:
    path = directory / "catalogue.toml"
    path.write_bytes(content)
    entries = result_or_sentence(lambda: read_catalogue([str(path)]), ModelError)
    assert entries is None or EMBEDDED in entries


@fuzz_files
@kept("own_words")
@given(content=_toml(("[base]", "[corpus]", "[[scores]]", "[probe]", "[[sections]]"), _FIELD_KEYS))
def test_the_words_of_a_maker(directory: Path, content: bytes) -> None:
    (directory / FILE).write_bytes(content)
    words = result_or_sentence(lambda: read_own_words(directory), ModelError)
    if words is not None:
        fields = {n: v for n, v in vars(words).items() if n != "probe"}
        validate(card_schema(), ModelCard("model", "a", **fields).to_json(), "a card")


_TOKENIZER: dict[str, Any] = {
    "version": "1.0",
    "added_tokens": [],
    "normalizer": None,
    "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": False, "use_regex": True},
    "decoder": {"type": "ByteLevel"},
    "model": {"type": "BPE", "vocab": {"a": 0, "b": 1, "ab": 2}, "merges": [["a", "b"]]},
}
_steps = (
    changed({"type": "Split", "pattern": {"Regex": "a+"}, "behavior": "Isolated"}) | json_values
)
_tokenizers = st.builds(
    lambda whole, step, name: {**whole, name: step},
    changed(_TOKENIZER),
    _steps,
    st.sampled_from(["normalizer", "pre_tokenizer", "decoder", "added_tokens", "post_processor"]),
)


@fuzz_files
@kept("tokenizers")
@given(content=bodies(_TOKENIZER) | _tokenizers.map(lambda value: json.dumps(value).encode()))
def test_a_tokenizer(directory: Path, content: bytes) -> None:
    path = directory / "tokenizer.json"
    path.write_bytes(content)
    tokenizer = result_or_sentence(lambda: FileTokenizer(path), ModelError)
    if tokenizer is not None:
        assert isinstance(tokenizer.decode(tokenizer.encode("ab\n\ud800")), str)


@fuzz_files
@kept("manifests")
@given(
    content=_toml(
        ("[base]", "[base.package]", "[base.model]", "[base.renamed]", "[[packages]]"),
        ("file", "file_sha256", "held_out", "packages", "name", "version", "license", "sha256"),
    )
)
def test_a_manifest_of_sources(directory: Path, content: bytes) -> None:
    path = directory / "sources.toml"
    path.write_bytes(content)
    result_or_sentence(lambda: read_manifest(path), FinetuneError)


_STATUS = {"name": "a", "state": "done", "reason": "", "share": 0.5, "result": {"probe": {}}}


@fuzz_files
@kept("jobs")
@given(content=bodies(_STATUS, {"format": 1, "settings": {}, "recipe": {}, "name": "a"}))
def test_the_files_of_a_job(directory: Path, content: bytes) -> None:
    files = JobFiles(directory, "job")
    files.create()
    for name in ("job.json", "status.json"):
        (files.directory / name).write_bytes(content)
    assert files.read_status().name is not None
    result_or_sentence(files.read_request, FinetuneError)


@fuzz_files
@kept("lists")
@given(content=bodies({"a": {"mark": "1", "sha256": "2"}}, {"model": "a", "files": {}}))
def test_lists_in_the_cache(directory: Path, content: bytes) -> None:
    prepared = directory / "prepared" / "a"
    prepared.mkdir(parents=True, exist_ok=True)
    (prepared / "prepared.json").write_bytes(content)
    (directory / "selected_models.json").write_bytes(content)
    (directory / "adapters").mkdir(exist_ok=True)
    (directory / "adapters" / "in_use.json").write_bytes(content)
    assert isinstance(Store(directory).all(), list)
    assert isinstance(selected_model(directory), str)
    assert isinstance(previous_model(directory), str)
    assert isinstance(Registry(directory).in_use("a"), str)


_names = st.sampled_from(
    [
        "a/x.ipynb",
        "a/examples/y.py",
        "../z.py",
        "/etc/z.py",
        "a/../../z.py",
        "a\\z.py",
        "C:z.py",
        "",
    ]
) | st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20)


def _archive(kind: str, names: list[str]) -> bytes:
    stream = io.BytesIO()
    if kind == "zip":
        with zipfile.ZipFile(stream, "w") as archive:
            for name in dict.fromkeys(names):
                archive.writestr(name or "x", b"pass\n")
    else:
        with tarfile.open(fileobj=stream, mode="w") as archive:
            for name in names:
                info = tarfile.TarInfo(name)
                info.size = 5
                archive.addfile(info, io.BytesIO(b"pass\n"))
    return gzip.compress(stream.getvalue(), 1) if kind == "gzip" else stream.getvalue()


_archives = st.builds(
    _archive, st.sampled_from(["zip", "tar", "gzip"]), st.lists(_names, max_size=3)
)


@fuzz_files
@kept("archives")
@given(content=_archives | st.binary(max_size=600))
def test_an_archive_of_a_package(directory: Path, content: bytes) -> None:
    archive, target = directory / "archive", directory / "unpacked"
    archive.write_bytes(content)
    result_or_sentence(lambda: unpack(archive, target, 5), FinetuneError)
    assert not (directory / "z.py").exists()
    shutil.rmtree(target, ignore_errors=True)
