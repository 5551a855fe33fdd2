"""Tiny GGUF files with random weights, which OpenVINO loads and runs in a fraction of a second."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jupyter_safecoder.finetune.model_build.export_model import write_model
from jupyter_safecoder.models import EMBEDDED, ModelDescription, resolve_model
from jupyter_safecoder.models.random_weights import write_random_checkpoint

SHAPE = {
    "model_type": "llama",
    "num_hidden_layers": 2,
    "hidden_size": 64,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "intermediate_size": 128,
    "max_position_embeddings": 8192,
    "vocab_size": 49152,
    "tie_word_embeddings": True,
    # Much wider than in training, so that two logits are hardly ever nearly equal.
    "initializer_range": 0.3,
}
#: As the embedded model has them, but for the name.
MODEL: dict[str, Any] = {
    "name": "tiny",
    "family": "starcoder",
    "layouts": ["spm", "context", "psm"],
    "default_layout": "context",
    "context_window": 8192,
    "context_tokens": 2048,
    "prefix_tokens": 256,
    "suffix_tokens": 96,
    "languages": ["python"],
    "license": "Apache-2.0",
    "format": "gguf",
    "architecture": "llama",
}


def write_tiny_gguf(directory: Path) -> ModelDescription:
    """Write the file with its tokenizer and description to a new directory of this directory."""
    tokenizer = resolve_model(EMBEDDED).tokenizer
    checkpoint = write_random_checkpoint(directory / "checkpoint", SHAPE, tokenizer)
    return write_model(checkpoint, tokenizer, MODEL, directory / "tiny")


#: Where the fp16 scales of a block are, in types for which gguf has no quantization.
_SCALES = {"Q3_K": (108,), "Q4_K": (0, 2), "Q5_K": (0, 2), "Q6_K": (208,), "IQ4_NL": (0,)}
_LAYERS, _WIDTH, _HEADS, _KV_HEADS = 2, 256, 4, 2
_SHAPES: dict[str, tuple[int, ...]] = {
    "attn_norm": (_WIDTH,),
    "attn_q": (_WIDTH, _WIDTH),
    "attn_k": (_WIDTH // 2, _WIDTH),
    "attn_v": (_WIDTH // 2, _WIDTH),
    "attn_output": (_WIDTH, _WIDTH),
    "ffn_norm": (_WIDTH,),
    "ffn_gate": (_WIDTH, _WIDTH),
    "ffn_up": (_WIDTH, _WIDTH),
    "ffn_down": (_WIDTH, _WIDTH),
}
_SPECIAL = ("<|endoftext|>", "<fim_prefix>", "<fim_suffix>", "<fim_middle>")


def write_mixed_gguf(
    path: Path,
    types: Sequence[str] = ("Q4_K", "Q6_K", "Q5_0"),
    embedding: str = "Q8_0",
    output: str = "",
    *,
    tied: bool = True,
    tensors_per_file: int = 0,
) -> Path:
    """Write a llama with the vocabulary of bytes, of several types as llama.cpp writes it.

    Parameters
    ----------
    path
        The file.
    types
        Those of the matrices in the layers, in turn.
    embedding, output
        Types of these matrices; no ``output``: it is not in the file.
    tied
        Whether they are the same matrix.
    tensors_per_file
        Splits the file if it is not 0; the names of the parts have numbers.

    Returns
    -------
    Path
        The file, or the first part.
    """
    import gguf
    import numpy
    from tokenizers import pre_tokenizers

    source = numpy.random.default_rng(0)
    tokens = [*_SPECIAL, *sorted(pre_tokenizers.ByteLevel.alphabet()), "ab"]
    path.parent.mkdir(parents=True, exist_ok=True)
    writer = gguf.GGUFWriter(path, "llama", split_max_tensors=tensors_per_file)
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_Q4_K_M)
    writer.add_license("mit")
    writer.add_context_length(512)
    writer.add_embedding_length(_WIDTH)
    writer.add_block_count(_LAYERS)
    writer.add_feed_forward_length(_WIDTH)
    writer.add_head_count(_HEADS)
    writer.add_head_count_kv(_KV_HEADS)
    writer.add_rope_dimension_count(_WIDTH // _HEADS)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("smollm")
    writer.add_token_list(tokens)
    writer.add_token_types([3 if token in _SPECIAL else 1 for token in tokens])
    writer.add_token_merges(["a b"])
    matrix = source.normal(size=(len(tokens), _WIDTH)).astype("float32")
    other = matrix if tied else source.normal(size=matrix.shape).astype("float32")
    for name, kind, values in (("token_embd", embedding, matrix), ("output", output, other)):
        if kind:
            quantization = gguf.GGMLQuantizationType[kind]
            data = gguf.quants.quantize(values, quantization)
            writer.add_tensor(f"{name}.weight", data, raw_dtype=quantization)
    writer.add_tensor("output_norm.weight", numpy.ones(_WIDTH, "float32"))
    kinds = itertools.cycle(types)
    for layer, (name, shape) in itertools.product(range(_LAYERS), _SHAPES.items()):
        quantization = gguf.GGMLQuantizationType["F32" if len(shape) == 1 else next(kinds)]
        data = _random_blocks(source, shape, quantization)
        writer.add_tensor(f"blk.{layer}.{name}.weight", data, raw_dtype=quantization)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return min(path.parent.glob(f"{path.stem}*.gguf"))


def _random_blocks(source: Any, shape: tuple[int, ...], quantization: Any) -> Any:
    """Return random weights; of types without a quantization, random blocks with small scales."""
    import gguf
    import numpy

    if quantization.name not in _SCALES:
        matrix = source.normal(size=shape, scale=0.1).astype("float32")
        return gguf.quants.quantize(matrix, quantization)
    block, size = gguf.GGML_QUANT_SIZES[quantization]
    blocks = source.integers(0, 256, (shape[0] * shape[1] // block, size), dtype="u1")
    scale = numpy.frombuffer(numpy.float16(1e-4).tobytes(), "u1")
    for offset in _SCALES[quantization.name]:
        blocks[:, offset : offset + 2] = scale
    return blocks.reshape(shape[0], -1)
