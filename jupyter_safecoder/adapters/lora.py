"""Reads a LoRA that PEFT wrote: how it changes the tensors of its base model.

A layer's weights W become W + scale · B · A, with scale = alpha / rank (Hu et al. 2021,
arXiv:2106.09685) or alpha / √rank (Kalajdzievski 2023, arXiv:2312.03732, "rsLoRA"); trained tokens
get new rows of the embeddings. Source of the names in the files: PEFT's ``LoraConfig`` and
``get_peft_model_state_dict``.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jupyter_safecoder.errors import FinetuneError
from jupyter_safecoder.models import ModelDescription
from jupyter_safecoder.models.gguf.checkpoint import checkpoint_shapes
from jupyter_safecoder.models.safetensors import Shapes, read_shapes, read_tensors

from .peft_files import CONFIG, WEIGHTS, read_config

#: Returns the new values of a tensor, a NumPy array of type fp32; it may use the same array.
Change = Callable[[Any], Any]
#: Shapes of matrices, by layer and part.
_Layers = Mapping[str, Mapping[str, Sequence[int]]]

_A, _B, _TOKENS = "lora_A.weight", "lora_B.weight", "token_adapter.trainable_tokens_delta"
_KEY = re.compile(
    rf"base_model\.model\.(?P<layer>.+)\.(?P<part>{'|'.join(map(re.escape, (_A, _B, _TOKENS)))})"
)
_OUTPUT = "lm_head.weight"
_MAX_NUMBER = 10**6
_OTHER_BASE = "Use the base model that it was made for; 'adapter import' has --model."
_GET_AGAIN = "Copy or train the adapter again."


def read_changes(adapter: Path, base: ModelDescription) -> dict[str, Change]:
    """Return how a LoRA changes tensors of its base model, by their names in a checkpoint.

    Parameters
    ----------
    adapter
        A directory that PEFT wrote.
    base
        The base model.

    Raises
    ------
    FinetuneError
        If it is not a plain LoRA, is damaged, or does not fit the base model.
    ModelError
        If the file of its weights, or one of the base model, is damaged.
    """
    settings, path = _Settings(adapter, read_config(adapter)), adapter / WEIGHTS
    shapes, layers = _base_shapes(base), _read_layers(settings)
    for layer, parts in layers.items():
        if f"{layer}.weight" not in shapes:
            raise FinetuneError(
                f"{path} changes {_key(layer, parts)}, which {base.name} does not have.",
                _OTHER_BASE,
            )
    _check_pairs(settings, layers)
    for layer, parts in layers.items():
        expected, found = [*shapes[f"{layer}.weight"]], _changed_shape(parts)
        if found[1:] != expected[1:] or (_TOKENS not in parts and found != expected):
            raise FinetuneError(
                f"{path} is for layers of another size than those of {base.name}: "
                f"{found} instead of {expected} in {layer}.",
                _OTHER_BASE,
            )
        if _TOKENS in parts:
            settings.token_ids(found[0], vocabulary=expected[0])
    weights = read_weights(adapter)
    return {
        f"{layer}.weight": _change(
            settings, layer, {part: weights[_key(layer, [part])] for part in parts}
        )
        for layer, parts in layers.items()
    }


def check_lora(adapter: Path) -> tuple[dict[str, Any], list[str]]:
    """Check what can be checked without the base model, with all numbers of the weights.

    Parameters, returned values and errors are those of :func:`describe_lora`.
    """
    described = describe_lora(adapter)
    read_weights(adapter)
    return described


def describe_lora(adapter: Path) -> tuple[dict[str, Any], list[str]]:
    """Return what the configuration and the header of the weights say of a LoRA.

    Parameters
    ----------
    adapter
        A directory that PEFT wrote.

    Returns
    -------
    tuple
        The configuration, and the names of the layers that have matrices.

    Raises
    ------
    FinetuneError, ModelError
        If it is not a plain LoRA, or is damaged.
    """
    settings = _Settings(adapter, read_config(adapter))
    layers = _read_layers(settings)
    _check_pairs(settings, layers)
    return {**settings.config}, [layer for layer, parts in layers.items() if _TOKENS not in parts]


def product_scale(config: Mapping[str, Any], alpha: float, rank: int) -> float:
    """Return the factor of the product of a layer's matrices."""
    return alpha / (math.sqrt(rank) if config.get("use_rslora") else rank)


@dataclass(frozen=True)
class _Settings:
    """The configuration of a LoRA, with the directory that has it."""

    directory: Path
    config: Mapping[str, Any]

    def scale(self, layer: str, rank: int) -> float:
        """Return the scale of a layer, whose matrices have this rank."""
        if self._number("r", "rank_pattern", layer) != rank:
            raise self._invalid(f"r for {layer}")
        return product_scale(self.config, self._number("lora_alpha", "alpha_pattern", layer), rank)

    def token_ids(self, count: int, vocabulary: int) -> list[int]:
        """Return the ids of so many trained tokens."""
        name = "trainable_token_indices"
        ids = self.config.get(name)
        if (
            not isinstance(ids, list)
            or not all(type(i) is int and 0 <= i < vocabulary for i in ids)
            or not len(set(ids)) == len(ids) == count
        ):
            raise self._invalid(name)
        return ids

    def _number(self, name: str, patterns: str, layer: str) -> float:
        """Return a number, or that of the first pattern in which the name of a layer ends."""
        numbers = self.config[patterns]
        matching = [value for end, value in numbers.items() if f".{layer}".endswith(f".{end}")]
        value: Any = matching[0] if matching else self.config.get(name)
        if type(value) not in (int, float) or not 0 < value <= _MAX_NUMBER:
            raise self._invalid(f"{name} for {layer}")
        return float(value)

    def _invalid(self, name: str) -> FinetuneError:
        return FinetuneError(f"{self.directory / CONFIG} has no valid {name}.", _GET_AGAIN)


def _read_layers(settings: _Settings) -> _Layers:
    """Return the shapes of an adapter's matrices, by layer and part, from the header alone."""
    path = settings.directory / WEIGHTS
    layers: dict[str, dict[str, Sequence[int]]] = {}
    for key, shape in read_shapes(path).items():
        match = _KEY.fullmatch(key)
        if match is None:
            raise FinetuneError(
                f"{path} changes {key[:200]}, which is no layer's pair of matrices.", _OTHER_BASE
            )
        if len(shape) != 2:
            raise FinetuneError(f"{path} is damaged: not all of it are matrices.", _GET_AGAIN)
        layers.setdefault(match["layer"], {})[match["part"]] = shape
    return layers


def _check_pairs(settings: _Settings, layers: _Layers) -> None:
    """Check that each layer has two matrices of the rank in the configuration."""
    path = settings.directory / WEIGHTS
    for layer, parts in layers.items():
        if parts.keys() == {_TOKENS}:
            continue
        if parts.keys() != {_A, _B}:
            raise FinetuneError(f"{path} has not all matrices for {layer[:200]}.", _GET_AGAIN)
        if parts[_A][0] != parts[_B][1]:
            raise FinetuneError(
                f"{path}: the matrices for {layer[:200]} do not fit each other.", _GET_AGAIN
            )
        if parts[_A][0] > parts[_A][1] + parts[_B][0]:
            raise FinetuneError(f"{path}: the rank for {layer[:200]} is too high.", _GET_AGAIN)
        settings.scale(layer, parts[_A][0])


def _key(layer: str, parts: Iterable[str]) -> str:
    """Return the name of a layer's first part in a file of PEFT."""
    return f"base_model.model.{layer}.{next(iter(parts))}"


def _changed_shape(parts: Mapping[str, Sequence[int]]) -> list[int]:
    """Return the shape of the tensor that matrices are for, or that of trained rows."""
    if _TOKENS in parts:
        return [*parts[_TOKENS]]
    return [parts[_B][0], parts[_A][1]]


def _change(settings: _Settings, layer: str, parts: Mapping[str, Any]) -> Change:
    """Return the change of a tensor by matrices that fit it."""
    if _TOKENS in parts:
        rows = parts[_TOKENS]
        return _replace_rows(rows, settings.config["trainable_token_indices"])
    return _add_product(parts[_B], parts[_A], settings.scale(layer, len(parts[_A])))


def _add_product(b: Any, a: Any, scale: float) -> Change:
    def change(values: Any) -> Any:
        product = b @ a
        product *= scale
        product += values
        return product

    return change


def _replace_rows(rows: Any, ids: Sequence[int]) -> Change:
    def change(values: Any) -> Any:
        values[ids] = rows
        return values

    return change


def read_weights(adapter: Path) -> Mapping[str, Any]:
    """Return the matrices of an adapter, in fp32, by name.

    Raises
    ------
    FinetuneError, ModelError
        If the file is damaged, or not all of it are matrices.
    """
    import numpy

    path = adapter / WEIGHTS
    read_shapes(path)
    try:
        tensors = dict(read_tensors(path))
        if any(values.ndim != 2 for values in tensors.values()):
            raise ValueError
    except (ValueError, KeyError, TypeError):
        raise FinetuneError(f"{path} is damaged: not all of it are matrices.", _GET_AGAIN) from None
    if not all(numpy.isfinite(values).all() for values in tensors.values()):
        raise FinetuneError(f"{path} is damaged: not all of its numbers are finite.", _GET_AGAIN)
    return tensors


def _base_shapes(base: ModelDescription) -> Shapes:
    """Return the shapes of the base's tensors, without an output that may be tied to embeddings."""
    try:
        shapes = {**checkpoint_shapes(base)}
    except ValueError as error:
        raise FinetuneError(
            f"No adapter can be merged into {base.name}: {error}.",
            "Use a checkpoint of this model.",
        ) from error
    if base.format == "checkpoint" and _OUTPUT in shapes:
        config = json.loads((base.weights / "config.json").read_text("utf-8"))
        # Where it is tied, the tensor of the output in a file is not used.
        if config.get("tie_word_embeddings") is not False:
            del shapes[_OUTPUT]
    return shapes
