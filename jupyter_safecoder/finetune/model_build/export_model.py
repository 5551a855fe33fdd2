"""Exports a merged model for publication: a GGUF, ``model.json``, a card and a loss chart."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jupyter_safecoder.adapters.card import Card
from jupyter_safecoder.errors import FinetuneError
from jupyter_safecoder.files import PUBLIC_FILE, atomic_write, write_text
from jupyter_safecoder.finetune.evaluation.loss_chart import draw_losses
from jupyter_safecoder.models import ModelDescription, ModelFile
from jupyter_safecoder.models.description import read_description
from jupyter_safecoder.models.description import write_description as write_model_json
from jupyter_safecoder.models.fingerprint import hash_file
from jupyter_safecoder.models.gguf.tokenizer import pre_tokenizer_name
from jupyter_safecoder.models.gguf.writer import ARCHITECTURES, write_gguf
from jupyter_safecoder.prompt import FAMILIES

from .manifest import Manifest


def check_exportable(model: ModelDescription) -> None:
    """Check that a model of a base's form can be written as a GGUF, before it is trained.

    Raises
    ------
    FinetuneError
        If its architecture or its tokenizer has no form in a GGUF.
    """
    if model.architecture not in ARCHITECTURES:
        raise FinetuneError(
            f"No GGUF can be made of {model.name}: its architecture is {model.architecture!r}.",
            f"Start from a model of one of these: {', '.join(sorted(ARCHITECTURES))}.",
        )
    if pre_tokenizer_name(json.loads(model.tokenizer.read_text("utf-8"))) is None:
        raise FinetuneError(
            f"No GGUF can be made of {model.name}: its tokenizer is of an unknown kind.",
            "Start from a model with a byte-level BPE tokenizer, such as SmolLM2 or Qwen2.5-Coder.",
        )


def describe_tuned(
    base: ModelDescription, name: str, layout_shares: Mapping[str, float]
) -> dict[str, Any]:
    """Return the fields of ``model.json``, but for the files, of a model that was tuned.

    Parameters
    ----------
    base
        The model that it was tuned from.
    name
        Its name.
    layout_shares
        Shares of the layouts that it was trained on, of which the largest becomes the default;
        empty: those of the base.
    """
    described = {**base.fields(), "name": name, "format": "gguf"}
    if layout_shares:
        new = [layout for layout in layout_shares if layout not in base.layouts]
        described["layouts"] = (*base.layouts, *new)
        described["default_layout"] = max(layout_shares, key=lambda layout: layout_shares[layout])
    return described


def write_model(
    checkpoint: Path, tokenizer: Path, description: Mapping[str, Any], directory: Path
) -> ModelDescription:
    """Write a merged checkpoint as a model that is served without torch; return its description.

    Parameters
    ----------
    checkpoint
        A directory that ``transformers`` wrote.
    tokenizer
        Its ``tokenizer.json``.
    description
        The fields of ``model.json`` but for the files.
    directory
        The directory for a Q8_0 GGUF, ``tokenizer.json`` and ``model.json``.
    """
    directory.mkdir(parents=True, exist_ok=True)
    weights = directory / f"{description['name']}.gguf"
    copied = Path(shutil.copyfile(tokenizer, directory / "tokenizer.json"))
    data = json.loads(copied.read_text("utf-8"))
    config = json.loads((checkpoint / "config.json").read_text("utf-8"))
    size = config["vocab_size"]
    write_gguf(checkpoint, weights, lambda writer: _write_metadata(writer, description, data, size))
    write_description(description, weights, copied)
    return read_description(directory)


def write_description(description: Mapping[str, Any], weights: Path, tokenizer: Path) -> None:
    """Write ``model.json`` beside a model's two files, with their sizes and hashes.

    Parameters
    ----------
    description
        The fields of ``model.json`` but for the files.
    weights, tokenizer
        The files.
    """
    files = tuple(ModelFile(p, p.stat().st_size, hash_file(p)) for p in (weights, tokenizer))
    write_model_json(
        ModelDescription(**description, weights=weights, tokenizer=tokenizer, files=files)
    )


def _write_metadata(
    writer: Any, description: Mapping[str, Any], tokenizer: Mapping[str, Any], size: int
) -> None:
    """Write the name, the license and the tokenizer of a model with ``size`` ids to a GGUF."""
    from gguf import TokenType

    added = {token["content"]: token["id"] for token in tokenizer["added_tokens"]}
    vocabulary: dict[str, int] = {**tokenizer["model"]["vocab"], **added}
    # The matrices of some models have more rows than there are tokens.
    tokens = [f"[PAD{number}]" for number in range(size)]
    types = [TokenType.UNUSED] * size
    for token, number in vocabulary.items():
        tokens[number] = token
        types[number] = TokenType.CONTROL if token in added else TokenType.NORMAL
    merges = tokenizer["model"]["merges"]
    family = FAMILIES[description["family"]]
    ends = ("<|endoftext|>", *family.stop_tokens)
    end = next(vocabulary[token] for token in ends if token in vocabulary)
    writer.add_name(description["name"])
    writer.add_license(description["license"].lower())
    writer.add_quantization_version(2)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre(pre_tokenizer_name(tokenizer))
    writer.add_token_list(tokens)
    writer.add_token_types(types)
    writer.add_token_merges([one if isinstance(one, str) else " ".join(one) for one in merges])
    writer.add_bos_token_id(end)
    writer.add_eos_token_id(end)
    writer.add_add_bos_token(False)
    writer.add_add_space_prefix(False)
    fim = {"pre": family.prefix, "suf": family.suffix, "mid": family.middle}
    # No prompt of ours has it, but llama.cpp reads it.
    fim["pad"] = family.middle.replace("middle", "pad")
    for key, name in fim.items():
        if name in vocabulary:
            writer.add_uint32(f"tokenizer.ggml.fim_{key}_token_id", vocabulary[name])


def write_report(directory: Path, card: Card, manifest: Manifest, run: Mapping[str, Any]) -> None:
    """Write ``CARD.md``, ``curves.json`` and ``curves.png`` beside a model.

    Parameters
    ----------
    directory
        The directory of the model.
    card
        The card of the adapter that was merged.
    manifest
        The sources of the model.
    run
        ``steps``, ``sample_tokens``, ``computed_tokens`` and ``seconds`` of the training.
    """
    write_text(directory / "curves.json", json.dumps(card.curves) + "\n", mode=PUBLIC_FILE)
    with atomic_write(directory / "curves.png", mode=PUBLIC_FILE) as stream:
        stream.write(draw_losses(card.curves["train"], card.curves["val"]))
    write_text(directory / "CARD.md", _markdown(directory, card, manifest, run), mode=PUBLIC_FILE)


def _markdown(directory: Path, card: Card, manifest: Manifest, run: Mapping[str, Any]) -> str:
    model = read_description(directory)
    recipe, base = card.recipe, manifest.base
    weights = next(file for file in model.files if file.path == model.weights)
    shares = recipe["layout_shares"] or {model.default_layout: 1.0}
    settings = ", ".join(
        f"{name} {recipe[name]}" for name in ("rank", "alpha", "learning_rate", "tokens_per_step")
    )
    scores = card.scores
    rows = {
        "base": recipe["start"]
        or f"{base.package.name} {base.package.version} ({base.package.license}): "
        f"`{base.file}`, dequantized",
        "tuning": f"low-rank adapters on all linear layers ({settings}) and the embeddings of "
        f"{len(recipe['trained_tokens'])} tokens, merged",
        "data": f"{len(manifest.packages)} packages of `sources.toml`: {card.counts['trained_on']} "
        f"notebooks, examples and modules; held out whole: {', '.join(manifest.held_out)}",
        "layouts": ", ".join(f"{name} {share:.0%}" for name, share in shares.items()),
        "run": f"{run['steps']:,} steps, {run['sample_tokens']:,} tokens of samples "
        f"({run['computed_tokens']:,} computed), {run['seconds'] / 60:.0f} minutes",
        "loss of held-out middles": f"{scores['held_out']['base']['loss']:.2f} → "
        f"{scores['held_out']['tuned']['loss']:.2f}",
        "held-out lines of the packages above": f"{scores['held_out']['tuned']['exact_match']:.1%} "
        f"exact, {scores['held_out']['tuned']['edit_similarity']:.1%} similar "
        f"(base: {scores['held_out']['base']['exact_match']:.1%}, "
        f"{scores['held_out']['base']['edit_similarity']:.1%})",
        "file": f"`{weights.path.name}`: matrices and embedding Q8_0, norms F32; "
        f"{weights.size:,} bytes; SHA-256 `{weights.sha256}`",
        "license": model.license,
        "made": f"{card.made[:10]}, with "
        + ", ".join(f"{name} {version}" for name, version in card.versions.items()),
    }
    table = "\n".join(f"| {name} | {value} |" for name, value in rows.items())
    return f"# {model.name}\n\n| | |\n| --- | --- |\n{table}\n\n![Losses](curves.png)\n"
