"""Reads a GGUF as a checkpoint: dequantizes its tensors and gives them Hugging Face's names.

The loader of transformers (``modeling_gguf_pytorch_utils``) is not used: it reads no parts, ignores
the scaling of positions, and has the whole model in fp32 in memory.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jupyter_safecoder.models.description import ModelDescription
from jupyter_safecoder.models.safetensors import (
    Shapes,
    find_weights,
    read_shapes,
    write_tensors,
)

from .header import GgufTensor, read_header
from .layout import EMBEDDING, LAYOUTS, OUTPUT, GgufLayout
from .parts import find_parts

#: Two quantizations of one matrix differ by less, as the mean of differences over the mean of
#: absolute values: Q4_K and Q8_0 of Qwen2.5-Coder by 0.07; two matrices by 1.4.
_SAME_MATRIX = 0.1
#: Number of rows that are compared.
_COMPARED_ROWS = 512

Progress = Callable[[float], None]


@contextmanager
def as_checkpoint(model: ModelDescription) -> Iterator[Path]:
    """Yield the directory of a checkpoint, or one that is made of a GGUF and deleted afterwards."""
    if model.format == "checkpoint":
        yield model.weights
        return
    with tempfile.TemporaryDirectory() as directory:
        write_checkpoint(model.weights, Path(directory))
        yield Path(directory)


def write_checkpoint(path: Path, directory: Path, progress: Progress = lambda share: None) -> None:
    """Write ``config.json`` and safetensors in fp16; not the tokenizer.

    Parameters
    ----------
    path
        The GGUF, or any of its parts.
    directory
        An existing directory.
    progress
        Called with the share of the tensors that are written, 0 to 1.

    Raises
    ------
    ValueError
        If it is damaged, or has other tensors than its architecture.
    OSError
        If it cannot be read, or the checkpoint not be written.
    """
    with _as_value_error(path):
        source = _open(path)
        config = _config(source)
        tensors = _renamed(source, tied=config["tie_word_embeddings"])
        heads = _rotated(source.layout, config)

        def values() -> Iterator[Any]:
            for number, (name, tensor) in enumerate(tensors.items(), 1):
                array, layer = _dequantize(tensor), name.split(".")[-2]
                yield _halves(array, heads[layer]) if layer in heads else array
                progress(number / len(tensors))

        shapes = {name: tensor.shape for name, tensor in tensors.items()}
        write_tensors(directory / "model.safetensors", shapes, values())
        (directory / "config.json").write_text(json.dumps(config), "utf-8")


def checkpoint_shapes(model: ModelDescription) -> Shapes:
    """Return the shapes of a model's tensors, by their names in a checkpoint.

    Parameters
    ----------
    model
        A checkpoint, or a GGUF.

    Raises
    ------
    ModelError
        If files of a checkpoint are missing or damaged.
    ValueError
        If a GGUF is damaged, or has other tensors than its architecture.
    OSError
        If it cannot be read.
    """
    if model.format == "checkpoint":
        files = [path for path in find_weights(model.weights) if path.suffix == ".safetensors"]
        return {name: shape for path in files for name, shape in read_shapes(path).items()}
    with _as_value_error(model.weights):
        source = _open(model.weights)
        tensors = _renamed(source, tied=_config(source)["tie_word_embeddings"])
    return {name: tensor.shape for name, tensor in tensors.items()}


def checkpoint_config(path: Path) -> dict[str, Any]:
    """Return the ``config.json`` of the checkpoint that can be made of a GGUF.

    Raises
    ------
    ValueError
        If it is damaged, or has other tensors than its architecture.
    OSError
        If it cannot be read.
    """
    with _as_value_error(path):
        return _config(_open(path))


@contextmanager
def _as_value_error(path: Path) -> Iterator[None]:
    """Name the file in an error; a header may have values of any type under the names it has."""
    try:
        yield
    except (ValueError, KeyError, TypeError, ArithmeticError) as error:
        reason = str(error) if isinstance(error, ValueError) else "its header is damaged"
        raise ValueError(f"{path.name}: {reason}") from error


@dataclass(frozen=True)
class _Source:
    """A GGUF: its metadata, and its tensors by name, whose data stays on disk."""

    fields: Mapping[str, Any]
    tensors: Mapping[str, GgufTensor]
    layout: GgufLayout

    def get(self, name: str, default: Any = None) -> Any:
        """Return a value of the architecture, or a default where there is none."""
        return self.fields.get(f"{self.fields['general.architecture']}.{name}", default)

    @property
    def layers(self) -> int:
        """Number of layers."""
        return int(self.get("block_count", 0))


def _open(path: Path) -> _Source:
    headers = [read_header(part) for part in find_parts(path)]
    fields = headers[0][0]
    tensors = {tensor.name: tensor for _, tensors in headers for tensor in tensors}
    architecture = str(fields["general.architecture"])
    if architecture not in LAYOUTS:
        raise ValueError(f"no checkpoint can be made of the architecture {architecture}")
    source = _Source(fields, tensors, LAYOUTS[architecture])
    if name := source.layout.differing_tensor(tensors, source.layers):
        has = "an unknown" if name in tensors else "no"
        raise ValueError(f"there is {has} tensor {name}")
    return source


def _renamed(source: _Source, *, tied: bool) -> dict[str, GgufTensor]:
    """Return the tensors by their names in a checkpoint."""
    names = dict(source.layout.names(source.layers, source.layout.options(source.tensors)))
    tensors = {theirs: source.tensors[ours] for ours, theirs in names.items()}
    if tied:
        tensors[names[EMBEDDING]] = _finer_matrix(source.tensors)
    else:
        tensors["lm_head.weight"] = source.tensors[OUTPUT]
    return tensors


def _config(source: _Source) -> dict[str, Any]:
    tensors, layout = source.tensors, source.layout
    config = {
        "model_type": layout.model_type,
        "vocab_size": tensors[EMBEDDING].shape[0],
        "tie_word_embeddings": OUTPUT not in tensors or is_tied(tensors),
        "torch_dtype": "float16",
    }
    for name in ("bos_token_id", "eos_token_id"):
        if (key := f"tokenizer.ggml.{name}") in source.fields:
            config[name] = source.fields[key]
    if layout.model_type == "gpt_bigcode":
        return config | _bigcode_config(source)
    return config | _rotary_config(source) | layout.options(tensors)


def _bigcode_config(source: _Source) -> dict[str, Any]:
    return {
        "n_positions": source.get("context_length"),
        "n_embd": source.get("embedding_length"),
        "n_layer": source.get("block_count"),
        "n_head": source.get("attention.head_count"),
        "n_inner": source.get("feed_forward_length"),
        "multi_query": source.get("attention.head_count_kv") == 1,
        "layer_norm_epsilon": source.get("attention.layer_norm_epsilon", 1e-5),
    }


def _rotary_config(source: _Source) -> dict[str, Any]:
    heads, model_type = source.get("attention.head_count"), source.layout.model_type
    config = {
        "max_position_embeddings": source.get("context_length"),
        "hidden_size": source.get("embedding_length"),
        "num_hidden_layers": source.get("block_count"),
        "num_attention_heads": heads,
        "num_key_value_heads": source.get("attention.head_count_kv", heads),
        "intermediate_size": source.get("feed_forward_length"),
        "rope_theta": source.get("rope.freq_base", 10000.0),
    }
    if model_type == "starcoder2":
        config["norm_epsilon"] = source.get("attention.layer_norm_epsilon", 1e-5)
        config["sliding_window"] = source.get("attention.sliding_window")
    else:
        config["rms_norm_eps"] = source.get("attention.layer_norm_rms_epsilon", 1e-6)
    if model_type in ("llama", "qwen3"):
        config["head_dim"] = source.get("attention.key_length") or (
            source.get("rope.dimension_count") or config["hidden_size"] // heads
        )
    scaling = source.get("rope.scaling.type", "none")
    if scaling != "none":
        config["rope_scaling"] = {
            "rope_type": scaling,
            "factor": source.get("rope.scaling.factor", 1.0),
        }
        if length := source.get("rope.scaling.original_context_length"):
            config["rope_scaling"]["original_max_position_embeddings"] = length
    return config


def _dequantize(tensor: GgufTensor, rows: slice = slice(None)) -> Any:
    """Return the values of a tensor, or of some of its rows, in fp32."""
    import gguf
    import numpy

    data = numpy.memmap(tensor.path, "u1", "r", tensor.offset, (tensor.size,))
    selected = data.reshape(*tensor.shape[:-1], -1)[rows]
    return gguf.quants.dequantize(selected, gguf.GGMLQuantizationType[tensor.type])


def is_tied(tensors: Mapping[str, GgufTensor]) -> bool:
    """Return whether embeddings and output are one matrix that was quantized twice.

    llama.cpp writes the output of a model with tied embeddings too if it is quantized finer.

    Parameters
    ----------
    tensors
        Both, and others, by their names.
    """
    import numpy

    one, other = tensors[EMBEDDING], tensors[OUTPUT]
    if one.shape != other.shape:
        return False
    rows = slice(None, None, max(1, one.shape[0] // _COMPARED_ROWS))
    values = _dequantize(one, rows)
    difference = numpy.abs(values - _dequantize(other, rows)).mean()
    return bool(difference < _SAME_MATRIX * numpy.abs(values).mean())


def _finer_matrix(tensors: Mapping[str, GgufTensor]) -> GgufTensor:
    """Return the embeddings, or the same matrix as the output has it if that is finer."""
    candidates = [tensors[name] for name in (EMBEDDING, OUTPUT) if name in tensors]
    return max(candidates, key=lambda tensor: tensor.size)


def _rotated(layout: GgufLayout, config: Mapping[str, Any]) -> dict[str, int]:
    """Return the heads of the tensors whose rows llama.cpp has in another order."""
    if layout.model_type != "llama":
        return {}
    heads = {
        "q_proj": config["num_attention_heads"],
        "k_proj": config["num_key_value_heads"],
    }
    if not all(type(number) is int and number > 0 for number in heads.values()):
        raise ValueError("its numbers of heads are not valid")
    return heads


def _halves(array: Any, heads: int) -> Any:
    """Return the rows of each head in transformers' order: it rotates halves, not neighbours."""
    rows = array.shape[0]
    pairs = array.reshape(heads, rows // heads // 2, 2, *array.shape[1:])
    return pairs.swapaxes(1, 2).reshape(array.shape)
