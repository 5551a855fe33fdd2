"""A GGUF is read as the checkpoint that it was written from."""

from __future__ import annotations

import itertools
import json
import struct
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy
import pytest

from jupyter_safecoder.errors import ModelError
from jupyter_safecoder.models import EMBEDDED, resolve_model
from jupyter_safecoder.models.gguf.checkpoint import (
    as_checkpoint,
    checkpoint_shapes,
    is_tied,
    write_checkpoint,
)
from jupyter_safecoder.models.gguf.header import read_header
from jupyter_safecoder.models.gguf.writer import write_gguf
from jupyter_safecoder.models.random_weights import write_random_checkpoint
from jupyter_safecoder.models.safetensors import read_tensors
from tests.support.tiny_checkpoints import CONFIGS
from tests.support.tiny_gguf import write_mixed_gguf

gguf = pytest.importorskip("gguf")

#: Fields of configurations that a GGUF has too.
_SIZES = {
    *("vocab_size", "hidden_size", "intermediate_size", "num_hidden_layers", "head_dim"),
    *("attention_bias", "mlp_bias"),
    *("num_attention_heads", "rope_parameters", "rope_theta", "max_position_embeddings"),
    *("n_embd", "n_inner", "n_layer", "n_head", "n_positions", "multi_query"),
}


def _tensors(directory: Path) -> dict[str, Any]:
    return {n: v for path in directory.glob("*.safetensors") for n, v in read_tensors(path)}


def _read(path: Path, directory: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    directory.mkdir()
    write_checkpoint(path, directory)
    config = json.loads((directory / "config.json").read_text())
    return config, _tensors(directory)


@pytest.mark.parametrize("architecture", ["llama", "qwen2", "qwen3", "starcoder2", "gpt_bigcode"])
def test_a_checkpoint_that_was_written_as_a_gguf(tmp_path: Path, architecture: str) -> None:
    from transformers import AutoConfig

    config = {"model_type": architecture, **CONFIGS[architecture], "vocab_size": 320}
    if architecture != "gpt_bigcode":
        config["rope_theta"] = 5e5
    if architecture == "llama":
        config |= {"attention_bias": True, "mlp_bias": True}
    original = write_random_checkpoint(
        tmp_path / "original", config, resolve_model(EMBEDDED).tokenizer
    )
    write_gguf(original, tmp_path / "x.gguf")
    _, tensors = _read(tmp_path / "x.gguf", tmp_path / "read")
    expected = _tensors(original)
    assert tensors.keys() == expected.keys()
    for name, values in expected.items():
        # Q8_0 of weights up to 1.5: steps of an 80th
        assert numpy.allclose(tensors[name], values, atol=0.01), name
    first, second = (
        AutoConfig.from_pretrained(path).to_dict() for path in (original, tmp_path / "read")
    )
    names = (_SIZES & first.keys()) | {"model_type", "tie_word_embeddings"}
    assert {name: second[name] for name in names} == {name: first[name] for name in names}


def test_the_finer_of_two_quantizations_of_one_matrix(tmp_path: Path) -> None:
    path = write_mixed_gguf(tmp_path / "x.gguf", embedding="Q5_0", output="Q8_0")
    config, tensors = _read(path, tmp_path / "read")
    assert config["tie_word_embeddings"] is True
    assert "lm_head.weight" not in tensors
    fine = next(t for t in gguf.GGUFReader(path).tensors if t.name == "output.weight")
    values = gguf.quants.dequantize(fine.data, fine.tensor_type).astype("float16")
    assert numpy.array_equal(tensors["model.embed_tokens.weight"], values.astype("float32"))
    # Its weights are counted once.
    plain = resolve_model(str(write_mixed_gguf(tmp_path / "y.gguf")), cache=tmp_path / "cache")
    tied = resolve_model(str(path), cache=tmp_path / "cache")
    assert plain.gguf
    assert tied.gguf
    assert tied.gguf.parameters == plain.gguf.parameters


def test_two_matrices(tmp_path: Path) -> None:
    path = write_mixed_gguf(tmp_path / "x.gguf", output="Q8_0", tied=False)
    config, tensors = _read(path, tmp_path / "read")
    assert config["tie_word_embeddings"] is False
    assert not is_tied({tensor.name: tensor for tensor in read_header(path)[1]})
    embedding, output = tensors["model.embed_tokens.weight"], tensors["lm_head.weight"]
    assert abs(embedding - output).mean() > abs(embedding).mean()


def test_parts_are_read_as_one(tmp_path: Path) -> None:
    whole = write_mixed_gguf(tmp_path / "whole" / "x.gguf")
    part = write_mixed_gguf(tmp_path / "parts" / "x.gguf", tensors_per_file=7)
    assert len([*part.parent.iterdir()]) == 3
    config, tensors = _read(whole, tmp_path / "one")
    same_config, same = _read(part, tmp_path / "other")
    assert same_config == config
    assert same.keys() == tensors.keys()
    assert all(numpy.array_equal(same[name], values) for name, values in tensors.items())


@pytest.mark.parametrize(
    "kind", ["Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q3_K", "Q4_K", "Q5_K", "Q6_K", "IQ4_NL", "BF16"]
)
def test_types_of_tensors(tmp_path: Path, kind: str) -> None:
    path = write_mixed_gguf(tmp_path / "x.gguf", [kind])
    _, tensors = _read(path, tmp_path / "read")
    value = next(t for t in gguf.GGUFReader(path).tensors if t.name == "blk.1.ffn_down.weight")
    assert value.tensor_type.name == kind
    expected = gguf.quants.dequantize(value.data, value.tensor_type).astype("float16")
    assert numpy.array_equal(tensors["model.layers.1.mlp.down_proj.weight"], expected)
    assert numpy.isfinite(expected).all()


def _write(path: Path, *, extra: str = "", **scaling: Any) -> Path:
    """Write a llama of one layer with a tensor more, and with scaled positions."""
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_context_length(512)
    writer.add_embedding_length(32)
    writer.add_block_count(1)
    writer.add_feed_forward_length(32)
    writer.add_head_count(2)
    for name, add in (("type", writer.add_string), ("factor", writer.add_float32)):
        if name in scaling:
            add(f"llama.rope.scaling.{name}", scaling[name])
    names = ["token_embd", "output_norm", *(f"blk.0.{name}" for name in ("attn_norm", "ffn_norm"))]
    names += [f"blk.0.attn_{name}" for name in ("q", "k", "v", "output")]
    names += [f"blk.0.ffn_{name}" for name in ("gate", "up", "down")]
    for name in (*names, *([extra] if extra else [])):
        shape = (32,) if name.endswith("norm") else (32, 32)
        writer.add_tensor(f"{name}.weight", numpy.ones(shape, "float32"))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def test_scaled_positions(tmp_path: Path) -> None:
    path = _write(tmp_path / "x.gguf", type=gguf.RopeScalingType.LINEAR.value, factor=4.0)
    config, _ = _read(path, tmp_path / "scaled")
    assert config["rope_scaling"] == {"rope_type": "linear", "factor": 4.0}
    config, _ = _read(_write(tmp_path / "y.gguf"), tmp_path / "plain")
    assert "rope_scaling" not in config


def test_a_tensor_that_is_not_known(tmp_path: Path) -> None:
    path = _write(tmp_path / "x.gguf", extra="blk.0.ffn_gate_inp")
    with pytest.raises(ValueError, match=r"an unknown tensor blk.0.ffn_gate_inp"):
        write_checkpoint(path, tmp_path)


def test_the_directory_of_a_gguf_is_deleted(tmp_path: Path) -> None:
    model = resolve_model(str(write_mixed_gguf(tmp_path / "x.gguf")), cache=tmp_path / "cache")
    with as_checkpoint(model) as directory:
        assert {path.name for path in directory.iterdir()} == {"config.json", "model.safetensors"}
    assert not directory.exists()
    with as_checkpoint(replace(model, format="checkpoint", weights=tmp_path)) as directory:
        assert directory == tmp_path
    assert tmp_path.exists()


@pytest.mark.parametrize("tied", [True, False])
def test_the_shapes_are_those_of_the_checkpoint(tmp_path: Path, tied: bool) -> None:
    path = write_mixed_gguf(tmp_path / "x.gguf", output="Q8_0", tied=tied)
    model = resolve_model(str(path), cache=tmp_path / "cache")
    _, tensors = _read(path, tmp_path / "read")
    shapes = {name: [*values.shape] for name, values in tensors.items()}
    assert ("lm_head.weight" in shapes) is not tied
    checkpoint = replace(model, format="checkpoint", weights=tmp_path / "read")
    for one in (model, checkpoint):
        assert {name: [*shape] for name, shape in checkpoint_shapes(one).items()} == shapes


def _numbers(path: Path) -> list[tuple[str, int]]:
    """Return the names of the numbers of 32 bits in a header, and where their types are."""
    content, fields = path.read_bytes(), read_header(path)[0]
    found = []
    for name, value in fields.items():
        position = content.index(len(name).to_bytes(8, "little") + name.encode()) + 8 + len(name)
        if type(value) in (int, float):
            found.append((name, position))
    return found


def test_no_number_in_a_header_is_trusted(tmp_path: Path) -> None:
    """Each becomes another one or a float: a sentence names the file, or a checkpoint is made."""
    path = write_mixed_gguf(tmp_path / "mixed.gguf", ("Q8_0",), output="Q8_0")
    content, copy = path.read_bytes(), tmp_path / "hostile.gguf"
    hostile = [struct.pack("<II", 4, n) for n in (0, 1, 3, 2**32 - 1)]
    hostile += [struct.pack("<Ii", 5, -1)]
    hostile += [struct.pack("<If", 6, x) for x in (0.0, float("nan"), float("inf"))]
    numbers = _numbers(path)
    assert len(numbers) > 6
    refused = 0
    for (_, position), value in itertools.product(numbers, hostile):
        copy.write_bytes(content[:position] + value + content[position + 8 :])
        try:
            resolve_model(str(copy), cache=tmp_path / "cache")
        except ModelError as error:
            assert str(copy) in error.reason  # noqa: PT017 - some are served
        try:
            write_checkpoint(copy, tmp_path)
        except ValueError as error:
            assert copy.name in str(error)  # noqa: PT017 - some are written
            refused += 1
        copy.unlink()
    assert refused > len(numbers)
