"""Exports a merged model for publication: a GGUF, ``model.json``, a card and a loss chart."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jupyter_safecoder.adapters.card import Card
from jupyter_safecoder.files import atomic_write, write_text
from jupyter_safecoder.finetune.evaluation.loss_chart import draw_losses
from jupyter_safecoder.models import ModelDescription
from jupyter_safecoder.models.description import read_description
from jupyter_safecoder.models.fingerprint import hash_file
from jupyter_safecoder.models.gguf_writer import write_gguf

from .manifest import Manifest

#: Values of ``tokenizer.ggml.token_type``.
_NORMAL, _CONTROL = 1, 3
_FIM_KEYS = {"fim_pre": "prefix", "fim_suf": "suffix", "fim_mid": "middle", "fim_pad": "pad"}


def write_model(
    checkpoint: Path, tokenizer: Path, manifest: Manifest, directory: Path
) -> ModelDescription:
    """Write a merged checkpoint as a model that is served without torch; return its description.

    Parameters
    ----------
    checkpoint
        A directory that ``transformers`` wrote.
    tokenizer
        Its ``tokenizer.json``.
    manifest
        The sources of the model, with its description.
    directory
        The directory for a Q8_0 GGUF, ``tokenizer.json`` and ``model.json``.
    """
    directory.mkdir(parents=True, exist_ok=True)
    description = dict(manifest.base.model)
    weights = directory / f"{description['name']}.gguf"
    copied = Path(shutil.copy(tokenizer, directory / "tokenizer.json"))
    data = json.loads(copied.read_text("utf-8"))
    write_gguf(checkpoint, weights, lambda writer: _write_metadata(writer, description, data))
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
    files = {
        part: {"file": path.name, "size": path.stat().st_size, "sha256": hash_file(path)}
        for part, path in (("weights", weights), ("tokenizer", tokenizer))
    }
    text = json.dumps({**description, **files}, indent=2)
    write_text(weights.with_name("model.json"), text + "\n")


def _write_metadata(
    writer: Any, description: Mapping[str, Any], tokenizer: Mapping[str, Any]
) -> None:
    """Write the name, the license and the tokenizer of a model to a GGUF."""
    vocabulary: dict[str, int] = tokenizer["model"]["vocab"]
    tokens = sorted(vocabulary, key=lambda token: vocabulary[token])
    types = [_NORMAL] * len(tokens)
    for token in tokenizer["added_tokens"]:
        types[token["id"]] = _CONTROL
    merges = tokenizer["model"]["merges"]
    writer.add_name(description["name"])
    writer.add_license(description["license"].lower())
    writer.add_quantization_version(2)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("smollm")
    writer.add_token_list(tokens)
    writer.add_token_types(types)
    writer.add_token_merges([one if isinstance(one, str) else " ".join(one) for one in merges])
    writer.add_bos_token_id(vocabulary["<|endoftext|>"])
    writer.add_eos_token_id(vocabulary["<|endoftext|>"])
    writer.add_add_bos_token(False)
    writer.add_add_space_prefix(False)
    for key, name in _FIM_KEYS.items():
        if (number := vocabulary.get(f"<fim_{name}>")) is not None:
            writer.add_uint32(f"tokenizer.ggml.{key}_token_id", number)


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
    write_text(directory / "curves.json", json.dumps(card.curves) + "\n")
    with atomic_write(directory / "curves.png") as stream:
        stream.write(draw_losses(card.curves["train"], card.curves["val"]))
    write_text(directory / "CARD.md", _markdown(directory, card, manifest, run))


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
