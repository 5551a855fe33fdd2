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
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jupyter_safecoder.errors import FinetuneError
from jupyter_safecoder.models import ModelDescription
from jupyter_safecoder.models.gguf.checkpoint import checkpoint_shapes
from jupyter_safecoder.models.safetensors import Shapes, read_shapes, read_tensors

from .registry import CONFIG, WEIGHTS

#: Returns the new values of a tensor, a NumPy array of type fp32; it may use the same array.
Change = Callable[[Any], Any]

_A, _B, _TOKENS = "lora_A.weight", "lora_B.weight", "token_adapter.trainable_tokens_delta"
_KEY = re.compile(
    rf"base_model\.model\.(?P<layer>.+)\.(?P<part>{'|'.join(map(re.escape, (_A, _B, _TOKENS)))})"
)
_OUTPUT = "lm_head.weight"
#: Values of ``init_lora_weights`` that leave the base model as it is.
_PLAIN_STARTS = (None, True, False, "gaussian", "orthogonal")
#: Fields of other changes than those above, beside all that start with ``use_`` or end in
#: ``_config``.
_OTHER_CHANGES = (
    *("fan_in_fan_out", "lora_bias", "modules_to_save", "layer_replication", "target_parameters"),
    "alora_invocation_tokens",
)
#: A name in ``rank_pattern`` or ``alpha_pattern``, which may also be a regular expression.
_PLAIN_NAME = re.compile(r"[\w.]+")
_MAX_NUMBER = 10**6
_MERGE_ELSEWHERE = "Merge it with the program that made it, and serve the result."
_OTHER_BASE = "Use the base model that it was made for; 'adapter import' has --model."
_GET_AGAIN = "Copy or train the adapter again."


def read_config(adapter: Path) -> dict[str, Any]:
    """Return the configuration of a LoRA.

    Parameters
    ----------
    adapter
        A directory that PEFT wrote.

    Raises
    ------
    FinetuneError
        If it is no LoRA, or makes other changes than these.
    """
    try:
        config = json.loads((adapter / CONFIG).read_text("utf-8"))
        if not isinstance(config, dict) or not (adapter / WEIGHTS).is_file():
            raise ValueError
    except (OSError, ValueError, RecursionError):
        raise FinetuneError(
            f"{adapter} is no adapter: it lacks {CONFIG} or {WEIGHTS}.",
            "Name a directory that 'adapter export' or PEFT's save_pretrained wrote.",
        ) from None
    others = [
        name
        for name, value in config.items()
        if value
        and name != "use_rslora"
        and (name in _OTHER_CHANGES or name.startswith("use_") or name.endswith("_config"))
    ]
    if config.get("peft_type") != "LORA":
        others = ["peft_type"]
    elif config.get("bias", "none") != "none":
        others.append("bias")
    elif config.get("init_lora_weights") not in _PLAIN_STARTS:
        others.append("init_lora_weights")
    if others:
        raise _not_plain(adapter, others[0])
    return config


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
    settings = _Settings(adapter, read_config(adapter))
    shapes = _base_shapes(base)
    layers: dict[str, dict[str, Any]] = {}
    for key, values in read_weights(adapter).items():
        match = _KEY.fullmatch(key)
        if match is None or f"{match['layer']}.weight" not in shapes:
            raise FinetuneError(
                f"The adapter changes {key}, which {base.name} does not have.", _OTHER_BASE
            )
        layers.setdefault(match["layer"], {})[match["part"]] = values
    changes = {}
    for layer, parts in layers.items():
        shape = [*shapes[f"{layer}.weight"]]
        found, change = _change(settings, layer, parts, shape)
        if found != shape:
            raise FinetuneError(
                f"The adapter is for layers of another size than those of {base.name}: "
                f"{found} instead of {shape} in {layer}.",
                _OTHER_BASE,
            )
        changes[f"{layer}.weight"] = change
    return changes


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
        if isinstance(ids, dict):
            raise _not_plain(self.directory, name)
        if (
            not isinstance(ids, list)
            or not all(type(i) is int and 0 <= i < vocabulary for i in ids)
            or not len(set(ids)) == len(ids) == count
        ):
            raise self._invalid(name)
        return ids

    def _number(self, name: str, patterns: str, layer: str) -> float:
        """Return a number, or that of the first pattern in which the name of a layer ends."""
        numbers = self.config.get(patterns) or {}
        if not isinstance(numbers, dict) or not all(map(_PLAIN_NAME.fullmatch, numbers)):
            raise _not_plain(self.directory, patterns)
        matching = [value for end, value in numbers.items() if f".{layer}".endswith(f".{end}")]
        value: Any = matching[0] if matching else self.config.get(name)
        if type(value) not in (int, float) or not 0 < value <= _MAX_NUMBER:
            raise self._invalid(f"{name} for {layer}")
        return float(value)

    def _invalid(self, name: str) -> FinetuneError:
        return FinetuneError(f"{self.directory / CONFIG} has no valid {name}.", _GET_AGAIN)


def _change(
    settings: _Settings, layer: str, parts: Mapping[str, Any], shape: Sequence[int]
) -> tuple[list[int], Change]:
    """Return the shape of the tensor that matrices of an adapter are for, and its change."""
    if parts.keys() == {_TOKENS}:
        rows = parts[_TOKENS]
        ids = settings.token_ids(len(rows), vocabulary=shape[0])
        return [shape[0], rows.shape[1]], _replace_rows(rows, ids)
    if parts.keys() != {_A, _B}:
        raise FinetuneError(f"The adapter has not all matrices for {layer}.", _GET_AGAIN)
    a, b = parts[_A], parts[_B]
    if a.shape[0] != b.shape[1]:
        raise FinetuneError(f"The matrices for {layer} do not fit each other.", _GET_AGAIN)
    return [b.shape[0], a.shape[1]], _add_product(b, a, settings.scale(layer, len(a)))


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
    path = adapter / WEIGHTS
    read_shapes(path)
    try:
        tensors = dict(read_tensors(path))
        if any(values.ndim != 2 for values in tensors.values()):
            raise ValueError
    except (ValueError, KeyError, TypeError):
        raise FinetuneError(f"{path} is damaged: not all of it are matrices.", _GET_AGAIN) from None
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


def _not_plain(adapter: Path, name: str) -> FinetuneError:
    return FinetuneError(
        f"{adapter} is not a plain LoRA: see {name} in its {CONFIG}.", _MERGE_ELSEWHERE
    )
