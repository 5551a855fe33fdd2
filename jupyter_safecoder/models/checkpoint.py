"""Describes a Hugging Face checkpoint on this disk, or reports why it cannot be served."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from jupyter_safecoder.errors import ModelError
from jupyter_safecoder.prompt import Budget, FimFamily, completion_room, detect_family, stop_ids

from .description import ModelDescription, ModelFile
from .safetensors import find_weights, read_shapes
from .tokenizer import FileTokenizer

#: ``model_type`` to the names of its embedding and of its layers in the weights. Every engine of
#: this package serves each of them.
_TENSOR_NAMES = {
    "gpt_bigcode": ("transformer.wte.weight", "transformer.h."),
    **dict.fromkeys(
        ("gemma", "granite", "llama", "mistral", "qwen2", "qwen3", "starcoder2"),
        ("model.embed_tokens.weight", "model.layers."),
    ),
}
#: Those that only completion servers compute: Granite 4 and Qwen3-Coder.
_REMOTE_ONLY = ("granitemoehybrid", "qwen3_moe")
#: Maximum size that is read of configurations and cards.
_MAX_FILE_BYTES = 4 * 2**20
#: Tokens for the cells above, before the cursor and after it, in a window that has room for them;
#: in a smaller window each part is reduced in proportion. A cell magic may add a quarter to the
#: part before the cursor.
_BUDGET = Budget(context=2048, prefix=512, suffix=256)
_BUDGET_TOKENS = _BUDGET.context + _BUDGET.prefix * 5 // 4 + _BUDGET.suffix
#: Minimum of a number in ``config.json`` that makes sense.
_MIN_SIZE = 16
_GET_AGAIN = "Copy or download the checkpoint again."


def describe_checkpoint(
    directory: Path, name: str = "", *, weights: bool = True
) -> ModelDescription:
    """Return the description of a checkpoint.

    Parameters
    ----------
    directory
        Has ``config.json``, ``tokenizer.json`` and safetensors, as ``transformers`` writes them.
    name
        Name to show; empty: that of the directory.
    weights
        ``False``: the weights are on a completion server.

    Raises
    ------
    ModelError
        If something is missing, damaged, unsafe, or of an unknown architecture, or the parts do
        not belong together.
    """
    config = _read_config(directory)
    architecture = str(config.get("model_type"))
    if architecture in _REMOTE_ONLY and weights:
        raise ModelError(
            f"{directory} is of the architecture {architecture!r}, which is not computed on this "
            "machine.",
            "A completion server such as vLLM can run it: set c.SafeCoder.remote_url to its URL.",
        )
    if architecture not in (*_TENSOR_NAMES, *_REMOTE_ONLY):
        raise ModelError(
            f"{directory} is of the architecture {architecture!r}, which is not supported.",
            f"Use a model of one of these: {', '.join(sorted(_TENSOR_NAMES))}.",
        )
    window = _number(config, directory, "max_position_embeddings", "n_positions")
    vocabulary = _number(config, directory, "vocab_size")
    paths = find_weights(directory) if weights else []
    if weights:
        _check_weights(paths, architecture, config, vocabulary)
    tokenizer_path = directory / "tokenizer.json"
    family = _check_tokenizer(tokenizer_path, architecture, vocabulary)
    others = ("config.json", "generation_config.json", "tokenizer_config.json")
    paths += [tokenizer_path, *(p for p in map(directory.joinpath, others) if p.is_file())]
    budget = prompt_budget(window)
    return ModelDescription(
        name=name or directory.name,
        family=family.name,
        layouts=family.layouts,
        default_layout=family.layouts[0],
        context_window=window,
        context_tokens=budget.context,
        prefix_tokens=budget.prefix,
        suffix_tokens=budget.suffix,
        languages=(),
        license=_license(directory),
        format="checkpoint",
        architecture=architecture,
        weights=directory,
        tokenizer=tokenizer_path,
        files=tuple(ModelFile(p, p.stat().st_size, _blob_hash(p)) for p in paths),
    )


def prompt_budget(window: int) -> Budget:
    """Return the budget of a prompt's parts in a context window of so many tokens."""
    room = window - completion_room(window)
    share = min(1.0, room / _BUDGET_TOKENS)
    parts = (_BUDGET.context, _BUDGET.prefix, _BUDGET.suffix)
    return Budget(*(max(1, int(share * part)) for part in parts))


def check_stop_tokens(family: FimFamily, tokenizer: FileTokenizer, source: Path) -> None:
    """Check that the tokenizer has a stop token, without which completions would not end.

    Parameters
    ----------
    family
        Gives the names of stop tokens.
    tokenizer
        The model's.
    source
        The model, for the message.

    Raises
    ------
    ModelError
        If it has none of them.
    """
    try:
        stop_ids(family, tokenizer)
    except ValueError as error:
        raise ModelError(
            f"The tokenizer of {source} does not fit a {family.name} model: {error}",
            "Replace it by the tokenizer.json of this model.",
        ) from None


def _read_config(directory: Path) -> dict[str, Any]:
    path = directory / "config.json"
    try:
        if path.exists() and not path.is_file():
            raise ValueError  # opening a pipe would wait for a writer
        with path.open("rb") as stream:
            config = json.loads(stream.read(_MAX_FILE_BYTES))
    except FileNotFoundError:
        raise ModelError(
            f"{directory} holds no model: it has no config.json and no model.json.",
            "Name a directory with a Hugging Face checkpoint.",
        ) from None
    except (OSError, ValueError, RecursionError):
        config = None
    if not isinstance(config, dict):
        raise ModelError(f"{path} cannot be read as a model's configuration.", _GET_AGAIN)
    return config


def _number(config: dict[str, Any], directory: Path, *names: str) -> int:
    values = [config[name] for name in names if type(config.get(name)) is int]
    if not values or values[0] < _MIN_SIZE:
        raise ModelError(f"{directory / 'config.json'} has no valid {names[0]}.", _GET_AGAIN)
    return int(values[0])


def _check_weights(
    paths: list[Path], architecture: str, config: dict[str, Any], vocabulary: int
) -> None:
    """Check that the weights belong to the configuration.

    transformers would initialize missing ones randomly.
    """
    shapes: dict[str, Any] = {}
    for path in paths:
        if path.suffix == ".safetensors":
            shapes |= read_shapes(path)
    embedding, layers = _TENSOR_NAMES[architecture]
    count = config.get("num_hidden_layers", config.get("n_layer"))
    numbers = {
        int(name.removeprefix(layers).partition(".")[0])
        for name in shapes
        if re.match(re.escape(layers) + r"\d{1,6}\.", name)
    }
    mismatch = ""
    if embedding not in shapes:
        mismatch = f"there is no {embedding}, which a {architecture} model has"
    elif shapes[embedding][:1] != [vocabulary]:
        mismatch = f"there are {(*shapes[embedding], 0)[0]} embeddings for {vocabulary} ids"
    elif type(count) is int and (len(numbers) != count or max(numbers, default=-1) != count - 1):
        mismatch = f"there are {len(numbers)} layers of {count}"
    if mismatch:
        raise ModelError(
            f"The weights in {paths[0].parent} do not fit their config.json: {mismatch}.",
            "Copy or download the checkpoint again: its files are of different models.",
        )


def _check_tokenizer(path: Path, architecture: str, vocabulary: int) -> FimFamily:
    """Check that the tokenizer fits the model; return the FIM family."""
    if not path.is_file():
        raise ModelError(
            f"{path.parent} has no tokenizer.json.",
            "Make it from the tokenizer's other files: "
            "AutoTokenizer.from_pretrained(…).save_pretrained(…), with the package transformers.",
        )
    tokenizer = FileTokenizer(path)
    if tokenizer.size > vocabulary:
        raise ModelError(
            f"The tokenizer of {path.parent} does not fit the model: it has ids up to "
            f"{tokenizer.size - 1}, but the model has {vocabulary} tokens.",
            "Replace it by the tokenizer.json of this model.",
        )
    family = detect_family(architecture, tokenizer.has)
    check_stop_tokens(family, tokenizer, path.parent)
    return family


def _license(directory: Path) -> str:
    """Return the license in the front matter of the model's card."""
    matches = re.findall(
        r"^(license(?:_name)?): *[\"']?([\w.\- ]{1,80})", read_front_matter(directory), re.MULTILINE
    )
    fields: dict[str, str] = {name: value.strip() for name, value in matches}
    license = fields.get("license", "unknown")
    return fields.get("license_name", license) if license == "other" else license


def read_front_matter(directory: Path) -> str:
    """Return the front matter (YAML between ``---``) of a model's ``README.md``; empty: none."""
    card = directory / "README.md"
    if not card.is_file():
        return ""
    try:
        with card.open("rb") as stream:
            text = stream.read(_MAX_FILE_BYTES).decode("utf-8", "replace")
    except OSError:
        return ""
    front_matter = re.match(r"---\n(.*?)\n---", text, re.DOTALL)
    return front_matter[1] if front_matter else ""


def _blob_hash(path: Path) -> str:
    """Return the hash that a file is named after in the Hugging Face cache; empty elsewhere."""
    target = path.resolve()
    known = target.parent.name == "blobs" and re.fullmatch("[0-9a-f]{64}", target.name)
    return target.name if known else ""
