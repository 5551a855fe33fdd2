"""The header of a GGUF file; what is wrong with it is reported."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from jupyter_safecoder.errors import ModelError
from jupyter_safecoder.models import EMBEDDED, resolve_model
from tests.support.tiny_gguf import write_mixed_gguf

#: Metadata of a file that has one tensor.
_FIELDS: dict[str, Any] = {"architecture": "llama", "window": 512, "pre": "smollm", "kind": "gpt2"}

VOCABULARY = ["<|endoftext|>", "a", "b", "ab"]


def _write(path: Path, tokens: list[str], **changes: Any) -> Path:
    """Write a GGUF file with a header and one tensor."""
    import gguf
    import numpy

    fields = {**_FIELDS, **changes}
    writer = gguf.GGUFWriter(path, fields["architecture"])
    writer.add_context_length(fields["window"])
    writer.add_tokenizer_model(fields["kind"])
    writer.add_tokenizer_pre(fields["pre"])
    writer.add_token_list(tokens)
    writer.add_token_types([3 if token.startswith("<") else 1 for token in tokens])
    writer.add_token_merges(["a b"])
    writer.add_tensor("x", numpy.zeros((2, 256), dtype=fields.get("dtype", "float32")))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def test_a_header_is_read_once(tmp_path: Path) -> None:
    path = _write(tmp_path / "x.gguf", VOCABULARY)
    first = resolve_model(str(path), cache=tmp_path / "cache")
    written = first.tokenizer.stat().st_mtime_ns
    assert resolve_model(str(path), cache=tmp_path / "cache") == first
    assert first.tokenizer.stat().st_mtime_ns == written


@pytest.mark.parametrize(
    "content", [b"", b"GGUF", b"PK\x03\x04" * 100], ids=["empty", "magic", "zip"]
)
def test_a_file_that_is_not_a_gguf(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.gguf"
    path.write_bytes(content)
    assert "not a GGUF" in _error(path, tmp_path).reason


def _error(path: Path, cache: Path) -> ModelError:
    with pytest.raises(ModelError) as raised:
        resolve_model(str(path), cache=cache)
    assert raised.value.remedy
    return raised.value


def _truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-600])


def test_a_truncated_file(tmp_path: Path) -> None:
    path = _write(tmp_path / "x.gguf", VOCABULARY)
    resolve_model(str(path), cache=tmp_path / "one")
    _truncate(path)
    assert "truncated" in _error(path, tmp_path / "two").reason


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"architecture": "bert"}, "'bert', which is not supported as a GGUF"),
        ({"architecture": "starcoder"}, "not a starcoder model as llama.cpp writes it"),
        ({"kind": "llama"}, "a tokenizer of a kind"),
        ({"pre": "unknown"}, "a tokenizer of a kind (unknown)"),
        ({"dtype": "float64"}, "tensors of the type F64"),
    ],
)
def test_what_cannot_be_served(tmp_path: Path, changes: dict[str, Any], reason: str) -> None:
    path = _write(tmp_path / "x.gguf", VOCABULARY, **changes)
    assert reason in _error(path, tmp_path / "cache").reason


def test_a_tokenizer_that_does_not_fit(tmp_path: Path) -> None:
    path = _write(tmp_path / "x.gguf", VOCABULARY)
    shutil.copy(resolve_model(EMBEDDED).tokenizer, tmp_path / "tokenizer.json")
    assert "does not fit" in _error(path, tmp_path / "cache").reason


def test_a_model_without_fim_tokens(tmp_path: Path) -> None:
    model = resolve_model(str(_write(tmp_path / "x.gguf", VOCABULARY)), cache=tmp_path)
    assert (model.family, model.layouts) == ("prefix-only", ("prefix",))


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"architecture": "llama"}'])
def test_a_broken_cache_entry_is_written_again(tmp_path: Path, content: str) -> None:
    path = _write(tmp_path / "x.gguf", VOCABULARY)
    model = resolve_model(str(path), cache=tmp_path / "cache")
    entry = model.tokenizer.with_name("gguf.json")
    header = entry.read_text()
    entry.write_text(content)
    assert resolve_model(str(path), cache=tmp_path / "cache") == model
    assert entry.read_text() == header


def test_a_cache_that_cannot_be_written(tmp_path: Path) -> None:
    path = _write(tmp_path / "x.gguf", VOCABULARY)
    (tmp_path / "cache").write_text("not a directory")
    error = _error(path, tmp_path / "cache")
    assert "cannot be cached" in error.reason
    assert "c.SafeCoder.cache_dir" in error.remedy


def test_what_the_header_says_of_the_weights(tmp_path: Path) -> None:
    model = resolve_model(str(write_mixed_gguf(tmp_path / "x.gguf")), cache=tmp_path / "cache")
    assert model.license == "mit"
    assert model.architecture == "llama"
    assert model.gguf
    assert model.gguf.quantization == "Q4_K_M"
    # Two layers with keys and values of two heads of 64.
    assert model.gguf.kv_values == 2 * 2 * 2 * 64
    layer = 4 * 256 * 256 + 2 * 128 * 256 + 256 * 256 + 2 * 256
    assert model.gguf.parameters == 261 * 256 + 256 + 2 * layer


@pytest.mark.parametrize(
    ("types", "embedding", "servable_unchanged", "faster"),
    [
        (["Q8_0"], "Q8_0", True, False),
        (["F16"], "F32", True, False),
        (["Q4_K", "Q6_K"], "Q4_0", True, True),
        (["Q4_K", "Q5_0"], "Q8_0", False, True),
        (["IQ4_NL"], "Q8_0", False, True),
        (["BF16"], "BF16", False, True),
    ],
)
def test_how_types_of_tensors_are_served(
    tmp_path: Path, types: list[str], embedding: str, servable_unchanged: bool, faster: bool
) -> None:
    path = write_mixed_gguf(tmp_path / "x.gguf", types, embedding)
    content = resolve_model(str(path), cache=tmp_path / "cache").gguf
    assert content
    assert (content.servable_unchanged, content.faster_converted) == (servable_unchanged, faster)
    assert content.convertible


def test_a_file_that_only_a_server_computes(tmp_path: Path) -> None:
    path = _write(tmp_path / "x.gguf", VOCABULARY, architecture="qwen3moe")
    assert "'qwen3moe', which is not supported as a GGUF" in _error(path, tmp_path).reason
    assert "c.SafeCoder.remote_url" in _error(path, tmp_path).remedy
    model = resolve_model(str(path), cache=tmp_path, weights=False)
    assert (model.architecture, model.context_window) == ("qwen3moe", 512)


def test_each_part_is_the_whole(tmp_path: Path) -> None:
    first = write_mixed_gguf(tmp_path / "coder.gguf", ["Q8_0"], tensors_per_file=7)
    models = [
        resolve_model(str(path), cache=tmp_path / "cache") for path in tmp_path.glob("*.gguf")
    ]
    assert len(models) == 3
    assert models[0] == models[1] == models[2]
    assert (models[0].name, models[0].weights) == ("coder", first)
    assert models[0].weights_bytes == sum(path.stat().st_size for path in tmp_path.glob("*.gguf"))
    assert models[0].gguf
    assert not models[0].gguf.servable_unchanged
    models[0].files[1].path.unlink()
    assert "lacks 1 of 3 parts of coder" in _error(first, tmp_path / "cache").reason


def test_a_file_without_the_suffix(tmp_path: Path) -> None:
    path = write_mixed_gguf(tmp_path / "x.gguf").rename(tmp_path / "sha256-12")
    assert resolve_model(str(path), cache=tmp_path / "cache").format == "gguf"
