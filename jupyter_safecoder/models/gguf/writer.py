"""Writes a checkpoint as a Q8_0 GGUF file, as llama.cpp reads it.

Sources: for keys and names of tensors the GGUF specification (ggml, ``docs/gguf.md``) and
``gguf.constants``; for the order of query and key rows llama.cpp's ``convert_hf_to_gguf.py``.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from jupyter_safecoder.models.safetensors import read_tensors

#: ``model_type`` of Hugging Face to llama.cpp's architecture, for those that can be written.
ARCHITECTURES = {
    "gpt_bigcode": "starcoder",
    "starcoder2": "starcoder2",
    "llama": "llama",
    "qwen2": "qwen2",
    "qwen3": "qwen3",
}

#: Tensors whose rows llama.cpp has in another order in the architecture llama.
_ROTATED = ("attn_q", "attn_k")


def add_no_vocabulary(writer: Any) -> None:
    """Declare that a file has no vocabulary: prompts are token ids."""
    writer.add_tokenizer_model("no_vocab")


def write_gguf(
    checkpoint: Path, path: Path, add_metadata: Callable[[Any], None] = add_no_vocabulary
) -> None:
    """Write the GGUF file.

    Parameters
    ----------
    checkpoint
        Directory with ``config.json`` and safetensors.
    path
        The file to write.
    add_metadata
        Adds a vocabulary and further metadata to the ``gguf.GGUFWriter`` that it is given.

    Raises
    ------
    ValueError
        If the architecture or a tensor is unknown.
    """
    import gguf

    config = json.loads((checkpoint / "config.json").read_text("utf-8"))
    architecture = ARCHITECTURES.get(config["model_type"])
    if architecture is None:
        raise ValueError(f"no GGUF can be made of the architecture {config['model_type']}")
    writer = gguf.GGUFWriter(path, architecture)
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_Q8_0)
    add_metadata(writer)
    _add_sizes(writer, config)
    _add_tensors(writer, checkpoint, architecture, config)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _add_tensors(writer: Any, checkpoint: Path, architecture: str, config: dict[str, Any]) -> None:
    import gguf

    number = next(n for n, name in gguf.MODEL_ARCH_NAMES.items() if name == architecture)
    names = gguf.get_tensor_name_map(number, _first(config, "n_layer", "num_hidden_layers"))
    for file in sorted(checkpoint.glob("*.safetensors")):
        for name, tensor in read_tensors(file):
            new_name = names.get_name(name, try_suffixes=(".weight", ".bias"))
            if new_name is None:
                raise ValueError(f"llama.cpp has no tensor for {name}")
            if architecture == "llama" and new_name.rpartition(".")[0].endswith(_ROTATED):
                heads = config["num_attention_heads"]
                if "attn_k" in new_name:
                    heads = config.get("num_key_value_heads", heads)
                tensor = _interleave(tensor, heads)
            _add_tensor(writer, new_name, tensor)


def _add_tensor(writer: Any, name: str, tensor: Any) -> None:
    import gguf

    # Vectors and position embeddings are not quantized, as in llama.cpp's own files.
    if tensor.ndim < 2 or name.startswith("position_embd") or tensor.shape[-1] % 32:
        writer.add_tensor(name, tensor)
        return
    quantized = gguf.quants.quantize(tensor, gguf.GGMLQuantizationType.Q8_0)
    writer.add_tensor(name, quantized, raw_dtype=gguf.GGMLQuantizationType.Q8_0)


def _add_sizes(writer: Any, config: dict[str, Any]) -> None:
    width = _first(config, "n_embd", "hidden_size")
    heads = _first(config, "n_head", "num_attention_heads")
    writer.add_vocab_size(config["vocab_size"])
    writer.add_context_length(_first(config, "n_positions", "max_position_embeddings"))
    writer.add_embedding_length(width)
    writer.add_block_count(_first(config, "n_layer", "num_hidden_layers"))
    writer.add_feed_forward_length(_first(config, "n_inner", "intermediate_size") or 4 * width)
    writer.add_head_count(heads)
    if config["model_type"] == "gpt_bigcode":
        writer.add_head_count_kv(1 if config.get("multi_query", True) else heads)
        writer.add_layer_norm_eps(config.get("layer_norm_epsilon", 1e-5))
        return
    writer.add_head_count_kv(config.get("num_key_value_heads") or heads)
    head_size = config.get("head_dim") or width // heads
    writer.add_rope_dimension_count(head_size)
    writer.add_key_length(head_size)
    writer.add_value_length(head_size)
    # transformers 5 writes rope_parameters, earlier versions rope_theta.
    rope = config.get("rope_parameters") or config
    writer.add_rope_freq_base(rope.get("rope_theta", 10000.0))
    if config["model_type"] == "starcoder2":
        writer.add_layer_norm_eps(config.get("norm_epsilon", 1e-5))
    else:
        writer.add_layer_norm_rms_eps(config.get("rms_norm_eps", 1e-6))


def _first(config: dict[str, Any], *keys: str) -> Any:
    return next((config[key] for key in keys if key in config), None)


def _interleave(tensor: Any, heads: int) -> Any:
    """Return the rows of each head in llama.cpp's order: it rotates neighbours, not halves."""
    halves = tensor.reshape(heads, 2, tensor.shape[0] // heads // 2, *tensor.shape[1:])
    return halves.swapaxes(1, 2).reshape(tensor.shape)
