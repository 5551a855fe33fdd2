"""A checkpoint as a Q8_0 GGUF, for llama.cpp: ``python gguf_file.py CHECKPOINT FILE.gguf``.

Runs in llama.cpp's environment, with its package ``gguf``. The file has no vocabulary unless it is
given one: a benchmark sends token ids. Keys and names of tensors: the GGUF specification (ggml,
``docs/gguf.md``) and ``gguf.constants``; the order of query and key rows as in llama.cpp's
``convert_hf_to_gguf.py``.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

#: ``model_type`` of Hugging Face to llama.cpp's architecture.
_ARCHITECTURES = {
    "gpt_bigcode": "starcoder",
    "starcoder2": "starcoder2",
    "llama": "llama",
    "qwen2": "qwen2",
}
_NUMPY_TYPES = {"F32": "<f4", "F16": "<f2", "BF16": "<u2"}


def no_vocabulary(writer: Any) -> None:
    """Say that token ids alone are understood."""
    writer.add_tokenizer_model("no_vocab")


def write_gguf(
    checkpoint: Path, path: Path, describe: Callable[[Any], None] = no_vocabulary
) -> None:
    """Write the file; ``describe`` adds a vocabulary and what else there is to say.

    Raises
    ------
    ValueError
        For an architecture that is not known here.
    """
    import gguf

    config = json.loads((checkpoint / "config.json").read_text("utf-8"))
    architecture = _ARCHITECTURES.get(config["model_type"])
    if architecture is None:
        raise ValueError(f"no GGUF is made of the architecture {config['model_type']}")
    writer = gguf.GGUFWriter(path, architecture)
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_Q8_0)
    describe(writer)
    _add_sizes(writer, config)
    number = next(n for n, name in gguf.MODEL_ARCH_NAMES.items() if name == architecture)
    names = gguf.get_tensor_name_map(number, _first(config, "n_layer", "num_hidden_layers"))
    for name, tensor in _tensors(checkpoint):
        new = names.get_name(name, try_suffixes=(".weight", ".bias"))
        if new is None:
            raise ValueError(f"llama.cpp has no place for the tensor {name}")
        if architecture == "llama" and new.endswith(("attn_q.weight", "attn_k.weight")):
            heads = config["num_attention_heads"]
            if "attn_k" in new:
                heads = config.get("num_key_value_heads", heads)
            tensor = _interleaved(tensor, heads)
        # Vectors and the table of positions stay as they are, in llama.cpp's own files too.
        if tensor.ndim < 2 or new.startswith("position_embd") or tensor.shape[-1] % 32:
            writer.add_tensor(new, tensor)
        else:
            quantized = gguf.quants.quantize(tensor, gguf.GGMLQuantizationType.Q8_0)
            writer.add_tensor(new, quantized, raw_dtype=gguf.GGMLQuantizationType.Q8_0)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


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
    writer.add_rope_dimension_count(config.get("head_dim") or width // heads)
    writer.add_rope_freq_base(config.get("rope_theta", 10000.0))
    if config["model_type"] == "starcoder2":
        writer.add_layer_norm_eps(config.get("norm_epsilon", 1e-5))
    else:
        writer.add_layer_norm_rms_eps(config.get("rms_norm_eps", 1e-6))


def _first(config: dict[str, Any], *keys: str) -> Any:
    return next((config[key] for key in keys if key in config), None)


def _tensors(checkpoint: Path) -> Iterator[tuple[str, Any]]:
    """Yield the tensors of all safetensors files as fp32.

    The format: eight bytes, little-endian, give the length of a JSON header with the type, shape
    and place of each tensor.
    """
    import numpy

    for path in sorted(checkpoint.glob("*.safetensors")):
        data = numpy.memmap(path, dtype="u1", mode="r")
        start = 8 + int.from_bytes(data[:8].tobytes(), "little")
        header = json.loads(data[8:start].tobytes())
        header.pop("__metadata__", None)
        for name, place in header.items():
            begin, end = place["data_offsets"]
            raw = data[start + begin : start + end].view(_NUMPY_TYPES[place["dtype"]])
            if place["dtype"] == "BF16":  # the upper half of an fp32
                raw = (raw.astype("<u4") << 16).view("<f4")
            yield name, numpy.asarray(raw, dtype="<f4").reshape(place["shape"])


def _interleaved(tensor: Any, heads: int) -> Any:
    """Order the rows of each head as llama.cpp rotates them: neighbours instead of halves."""
    rows, columns = tensor.shape
    halves = tensor.reshape(heads, 2, rows // heads // 2, columns)
    return halves.swapaxes(1, 2).reshape(rows, columns)


if __name__ == "__main__":
    write_gguf(Path(sys.argv[1]), Path(sys.argv[2]))
