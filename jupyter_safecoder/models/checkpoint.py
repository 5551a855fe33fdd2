"""A Hugging Face checkpoint on this disk: what it is, or why it cannot be served."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from jupyter_safecoder.errors import ModelError
from jupyter_safecoder.prompt import FAMILIES, Budget, detect_family, stop_ids

from .description import ModelDescription, ModelFile
from .safetensors import find_weights, read_shapes
from .tokenizer import FileTokenizer

#: ``model_type`` to the names of its embedding and of its layers in the weights. Each is served by
#: every engine of this package.
_NAMES = {
    "gpt_bigcode": ("transformer.wte.weight", "transformer.h."),
    **dict.fromkeys(
        ("gemma", "granite", "llama", "mistral", "qwen2", "starcoder2"),
        ("model.embed_tokens.weight", "model.layers."),
    ),
}
#: Configurations and cards are small; whatever is larger is something else.
_SMALL_BYTES = 4 * 2**20
#: Tokens for the cells around, before the cursor (which may take a quarter more) and after it, in
#: a window that has room for them; in a smaller one their share of it.
_BUDGET = Budget(context=2048, prefix=512, suffix=256)
_BUDGET_TOKENS = _BUDGET.context + _BUDGET.prefix * 5 // 4 + _BUDGET.suffix
#: Left for the answer and the special tokens, if that is no more than a quarter of the window.
_ANSWER_TOKENS, _SPECIAL_TOKENS = 160, 16


def describe_checkpoint(
    directory: Path, name: str = "", *, weights: bool = True
) -> ModelDescription:
    """Return the description of a checkpoint.

    Parameters
    ----------
    directory
        Holds ``config.json``, ``tokenizer.json`` and safetensors, as ``transformers`` writes them.
    name
        What people call it; empty: the name of the directory.
    weights
        False: the weights are elsewhere, on the server that computes.

    Raises
    ------
    ModelError
        If something is missing, damaged, refused, of an unknown architecture, or does not fit.
    """
    config = _read_config(directory)
    architecture = str(config.get("model_type"))
    if architecture not in _NAMES:
        raise ModelError(
            f"{directory} is of the architecture {architecture!r}, which is not served.",
            f"Take a model of one of these: {', '.join(sorted(_NAMES))}.",
        )
    window = _number(config, directory, "max_position_embeddings", "n_positions")
    vocabulary = _number(config, directory, "vocab_size")
    paths = find_weights(directory) if weights else []
    if weights:
        _check_weights(paths, architecture, config, vocabulary)
    path = directory / "tokenizer.json"
    tokenizer = _read_tokenizer(path)
    if tokenizer.size > vocabulary:
        raise ModelError(
            f"The tokenizer of {directory} does not fit the model: it has ids up to "
            f"{tokenizer.size - 1}, the model knows {vocabulary}.",
            "Put the tokenizer.json there that belongs to this model.",
        )
    family = detect_family(architecture, tokenizer.has)
    check_ends(family.name, tokenizer, directory)
    others = ("config.json", "generation_config.json", "tokenizer_config.json")
    paths += [path, *(p for p in map(directory.joinpath, others) if p.is_file())]
    budget = budget_for(window)
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
        tokenizer=path,
        files=tuple(ModelFile(p, p.stat().st_size, _known_hash(p)) for p in paths),
    )


def budget_for(window: int) -> Budget:
    """Return how many tokens the parts of a prompt get in a context window of this size."""
    room = window - _SPECIAL_TOKENS - min(_ANSWER_TOKENS, window // 4)
    share = min(1.0, room / _BUDGET_TOKENS)
    parts = (_BUDGET.context, _BUDGET.prefix, _BUDGET.suffix)
    return Budget(*(max(1, int(share * part)) for part in parts))


def check_ends(family: str, tokenizer: FileTokenizer, place: Path) -> None:
    """Check that answers can end.

    Raises
    ------
    ModelError
        If the tokenizer has none of the family's end tokens.
    """
    try:
        stop_ids(FAMILIES[family], tokenizer)
    except ValueError as error:
        raise ModelError(
            f"The tokenizer of {place} does not fit a {family} model: {error}",
            "Put the tokenizer.json there that belongs to this model.",
        ) from None


def _read_config(directory: Path) -> dict[str, Any]:
    path = directory / "config.json"
    try:
        with path.open("rb") as stream:
            config = json.loads(stream.read(_SMALL_BYTES))
        if isinstance(config, dict):
            return config
    except FileNotFoundError:
        raise ModelError(
            f"{directory} holds no model: it has no config.json and no model.json.",
            "Name a directory with a Hugging Face checkpoint.",
        ) from None
    except (OSError, ValueError):
        pass  # the next line is the answer to it
    raise ModelError(
        f"{path} cannot be read as a model's configuration.", "Get the checkpoint again."
    )


def _number(config: dict[str, Any], directory: Path, *names: str) -> int:
    found = [config[name] for name in names if type(config.get(name)) is int]
    if not found or found[0] < 16:
        raise ModelError(
            f"{directory / 'config.json'} does not say {names[0]}, or says nonsense.",
            "Get the checkpoint again.",
        )
    return int(found[0])


def _check_weights(
    paths: list[Path], architecture: str, config: dict[str, Any], vocabulary: int
) -> None:
    """Check that the weights are those of the configuration: transformers would make them up."""
    shapes: dict[str, Any] = {}
    for path in paths:
        if path.suffix == ".safetensors":
            shapes |= read_shapes(path)
    embedding, layers = _NAMES[architecture]
    count = config.get("num_hidden_layers", config.get("n_layer"))
    numbers = {
        int(name.removeprefix(layers).partition(".")[0])
        for name in shapes
        if re.match(re.escape(layers) + r"\d+\.", name)
    }
    wrong = ""
    if embedding not in shapes:
        wrong = f"there is no {embedding}, which a {architecture} model has"
    elif shapes[embedding][0] != vocabulary:
        wrong = f"there are {shapes[embedding][0]} embeddings for {vocabulary} ids"
    elif type(count) is int and numbers != set(range(count)):
        wrong = f"there are {len(numbers)} layers of {count}"
    if wrong:
        raise ModelError(
            f"The weights in {paths[0].parent} do not fit their config.json: {wrong}.",
            "Get the checkpoint again: its files are of different models.",
        )


def _read_tokenizer(path: Path) -> FileTokenizer:
    if path.is_file():
        return FileTokenizer(path)
    raise ModelError(
        f"{path.parent} has no tokenizer.json.",
        "Make it from the tokenizer's other files: "
        "AutoTokenizer.from_pretrained(…).save_pretrained(…), with the package transformers.",
    )


def _license(directory: Path) -> str:
    """Return what the head of the model's card says (YAML between ``---``)."""
    try:
        with (directory / "README.md").open("rb") as stream:
            text = stream.read(_SMALL_BYTES).decode("utf-8", "replace")
    except OSError:
        return "unknown"
    head = re.match(r"---\n(.*?)\n---", text, re.DOTALL)
    fields = re.findall(
        r"^(license(?:_name)?): *[\"']?([\w.\- ]{1,80})", head[1] if head else "", re.M
    )
    said: dict[str, str] = {name: value.strip() for name, value in fields}
    license = said.get("license", "unknown")
    return said.get("license_name", license) if license == "other" else license


def _known_hash(path: Path) -> str:
    """Return the hash that the hub's cache keeps large files under, if this is one of them."""
    target = path.resolve()
    known = target.parent.name == "blobs" and re.fullmatch("[0-9a-f]{64}", target.name)
    return target.name if known else ""
