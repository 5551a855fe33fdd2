"""A GGUF file has the tensors of the checkpoint, quantized and in llama.cpp's order."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy
import pytest
from safetensors.numpy import save_file

from jupyter_safecoder.models.gguf.writer import write_gguf

gguf = pytest.importorskip("gguf")

LLAMA = {
    **{"model_type": "llama", "num_hidden_layers": 1, "hidden_size": 64, "vocab_size": 96},
    **{"num_attention_heads": 4, "num_key_value_heads": 2, "intermediate_size": 32},
    "max_position_embeddings": 128,
}


def _write(directory: Path, config: dict[str, Any], tensors: dict[str, Any]) -> Path:
    directory.mkdir()
    (directory / "config.json").write_text(json.dumps(config))
    save_file(tensors, directory / "model.safetensors")
    return directory


def _read(path: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    reader = gguf.GGUFReader(path)
    fields = {name: field.contents() for name, field in reader.fields.items()}
    return fields, {
        t.name: gguf.quants.dequantize(t.data, t.tensor_type).reshape(tuple(reversed(t.shape)))
        for t in reader.tensors
    }


def test_a_llama_checkpoint(tmp_path: Path) -> None:
    source = numpy.random.default_rng(0)
    layer = "model.layers.0."
    tensors = {
        "model.embed_tokens.weight": source.normal(size=(96, 64)).astype("float32"),
        layer + "self_attn.q_proj.weight": source.normal(size=(64, 64)).astype("float16"),
        layer + "self_attn.k_proj.weight": source.normal(size=(32, 64)).astype("float32"),
        layer + "input_layernorm.weight": source.normal(size=(64,)).astype("float32"),
    }
    checkpoint = _write(tmp_path / "llama", LLAMA, tensors)
    write_gguf(checkpoint, tmp_path / "x.gguf", lambda writer: writer.add_name("tiny"))
    fields, read = _read(tmp_path / "x.gguf")
    assert fields["general.architecture"] == "llama"
    assert fields["general.name"] == "tiny"
    assert fields["llama.attention.head_count_kv"] == 2
    assert fields["llama.context_length"] == 128
    # Vectors are not quantized.
    norm = tensors[layer + "input_layernorm.weight"]
    assert numpy.array_equal(read["blk.0.attn_norm.weight"], norm)
    embedding = tensors["model.embed_tokens.weight"]
    assert numpy.allclose(read["token_embd.weight"], embedding, atol=0.03)
    # Of each head the halves of query and key rows are interleaved: 0, 8, 1, 9, …
    order = numpy.arange(16).reshape(2, 8).T.ravel()
    for name, heads, hf in (("attn_q", 4, "q_proj"), ("attn_k", 2, "k_proj")):
        rows = tensors[f"{layer}self_attn.{hf}.weight"].astype("float32").reshape(heads, 16, 64)
        expected = rows[:, order].reshape(heads * 16, 64)
        assert numpy.allclose(read[f"blk.0.{name}.weight"], expected, atol=0.03)


def test_without_metadata_there_is_no_vocabulary(tmp_path: Path) -> None:
    embedding = {"transformer.wte.weight": numpy.ones((96, 64), "float32")}
    config = {
        **{"model_type": "gpt_bigcode", "n_layer": 1, "n_embd": 64, "n_head": 2},
        **{"n_positions": 128, "vocab_size": 96},
    }
    write_gguf(_write(tmp_path / "bigcode", config, embedding), tmp_path / "x.gguf")
    fields, _ = _read(tmp_path / "x.gguf")
    assert fields["general.architecture"] == "starcoder"
    assert fields["tokenizer.ggml.model"] == "no_vocab"
    assert fields["starcoder.attention.head_count_kv"] == 1


@pytest.mark.parametrize(
    ("config", "name", "reason"),
    [
        ({"model_type": "bert"}, "x", "architecture bert"),
        (LLAMA, "model.unknown.weight", "no tensor for model.unknown.weight"),
    ],
)
def test_what_cannot_be_written(
    tmp_path: Path, config: dict[str, Any], name: str, reason: str
) -> None:
    checkpoint = _write(tmp_path / "x", config, {name: numpy.ones((2, 32), "float32")})
    with pytest.raises(ValueError, match=reason):
        write_gguf(checkpoint, tmp_path / "x.gguf")


@pytest.mark.parametrize("rope", [{"rope_theta": 5e5}, {"rope_parameters": {"rope_theta": 5e5}}])
def test_the_base_of_rotations_by_each_version_of_transformers(
    tmp_path: Path, rope: dict[str, Any]
) -> None:
    embedding = {"model.embed_tokens.weight": numpy.ones((96, 64), "float32")}
    write_gguf(_write(tmp_path / "llama", {**LLAMA, **rope}, embedding), tmp_path / "x.gguf")
    assert _read(tmp_path / "x.gguf")[0]["llama.rope.freq_base"] == 5e5
