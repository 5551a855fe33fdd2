"""A GGUF file: what it is, with the tokenizer that it carries or that lies beside it."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import shutil
from pathlib import Path
from typing import Any

from jupyter_safecoder.errors import ModelError
from jupyter_safecoder.extras import INSTALL_LOCAL
from jupyter_safecoder.prompt import FAMILIES, detect_family

from .checkpoint import budget_for, check_ends
from .description import ModelDescription, ModelFile
from .gguf_tokenizer import tokenizer_data
from .tokenizer import FileTokenizer

#: ``general.architecture`` of what OpenVINO GenAI builds from a GGUF.
_ARCHITECTURES = ("llama", "qwen2", "qwen3")
#: Its types of tensors: F32, F16, Q4_0, Q4_1, Q8_0, Q4_K, Q6_K.
_TYPES = ("F32", "F16", "Q4_0", "Q4_1", "Q8_0", "Q4_K", "Q6_K")
_GET_AGAIN = "Get the file again: copy or download it anew."


def describe_gguf(path: Path, cache: Path) -> ModelDescription:
    """Return the description of a GGUF file.

    Parameters
    ----------
    path
        The file; a ``tokenizer.json`` beside it is used instead of the vocabulary within.
    cache
        Where what was read is kept: reading a vocabulary takes seconds.

    Raises
    ------
    ModelError
        If the file is damaged, or of an architecture or a tokenizer that is not served.
    """
    status = path.stat()
    mark = f"{path}-{status.st_size}-{status.st_ino}-{status.st_mtime_ns}"
    kept = cache / "gguf" / hashlib.sha256(mark.encode()).hexdigest()[:32]
    facts = _read_kept(kept)
    if facts is None:
        facts = _read(path)
        _keep(kept, facts)
    if facts["architecture"] not in _ARCHITECTURES:
        raise ModelError(
            f"{path} is of the architecture {facts['architecture']!r}, which is not served as a "
            "GGUF.",
            f"Name the model's checkpoint instead; a GGUF can be: {', '.join(_ARCHITECTURES)}.",
        )
    tokenizer_path = path.with_name("tokenizer.json")
    if not tokenizer_path.is_file():
        tokenizer_path = kept / "tokenizer.json"
    if not tokenizer_path.is_file():
        raise ModelError(
            f"{path} carries a tokenizer of a kind ({facts['tokenizer']}) that cannot be read "
            "from it.",
            "Put the model's tokenizer.json beside the file.",
        )
    tokenizer = FileTokenizer(tokenizer_path)
    if tokenizer.size > facts["vocabulary"]:
        raise ModelError(
            f"{tokenizer_path} does not fit {path.name}: it has ids up to {tokenizer.size - 1}, "
            f"the model knows {facts['vocabulary']}.",
            "Put the tokenizer.json there that belongs to this model.",
        )
    family = detect_family(facts["architecture"], tokenizer.has)
    check_ends(family.name, tokenizer, path)
    budget = budget_for(facts["window"])
    layouts = FAMILIES[family.name].layouts
    return ModelDescription(
        name=path.stem,
        family=family.name,
        layouts=layouts,
        default_layout=layouts[0],
        context_window=facts["window"],
        context_tokens=budget.context,
        prefix_tokens=budget.prefix,
        suffix_tokens=budget.suffix,
        languages=(),
        license=facts["license"],
        format="gguf",
        architecture=facts["architecture"],
        weights=path,
        tokenizer=tokenizer_path,
        files=(
            ModelFile(path, status.st_size),
            ModelFile(tokenizer_path, tokenizer_path.stat().st_size),
        ),
    )


def _read(path: Path) -> dict[str, Any]:
    try:
        import gguf
    except ImportError:
        raise ModelError(
            "Reading a GGUF needs the package gguf, which is not installed.",
            f"Install it: {INSTALL_LOCAL}.",
        ) from None
    try:
        reader = gguf.GGUFReader(path)
        values = {name: field.contents() for name, field in reader.fields.items()}
        end = max(int(t.data_offset) + int(t.n_bytes) for t in reader.tensors)
        types = sorted({t.tensor_type.name for t in reader.tensors} - {*_TYPES})
        architecture = str(values["general.architecture"])
        facts: dict[str, Any] = {
            "architecture": architecture,
            "window": int(values.get(f"{architecture}.context_length", 0)),
            "vocabulary": len(values["tokenizer.ggml.tokens"]),
            "tokenizer": str(values.get("tokenizer.ggml.pre", values["tokenizer.ggml.model"])),
            "license": str(values.get("general.license", "unknown")),
        }
        if facts["window"] < 16 or end > path.stat().st_size:
            raise ValueError
    except OSError as error:
        raise ModelError(f"{path} cannot be read: {error.strerror}.", _GET_AGAIN) from error
    except Exception as error:  # the reader trusts the file, and raises whatever that leads to
        raise ModelError(f"{path} is no GGUF, or is truncated or damaged.", _GET_AGAIN) from error
    if types:
        raise ModelError(
            f"{path} has tensors of the type {types[0]}, which OpenVINO does not read.",
            f"Take a file in one of: {', '.join(_TYPES)}.",
        )
    return facts | {"data": tokenizer_data(values)}


def _read_kept(directory: Path) -> dict[str, Any] | None:
    try:
        facts: dict[str, Any] = json.loads((directory / "gguf.json").read_text("utf-8"))
        return facts
    except (OSError, ValueError):
        return None


def _keep(directory: Path, facts: dict[str, Any]) -> None:
    """Write at once or not at all; whoever was first wins."""
    data = facts.pop("data")
    partial = directory.with_name(f"{directory.name}.{secrets.token_hex(4)}")
    try:
        partial.mkdir(parents=True)
        if data is not None:
            (partial / "tokenizer.json").write_text(json.dumps(data), "utf-8")
        (partial / "gguf.json").write_text(json.dumps(facts), "utf-8")
        if not directory.is_dir():
            os.replace(partial, directory)
    except OSError as error:
        raise ModelError(
            f"What a GGUF says could not be kept in {directory.parent}: {error.strerror}.",
            "Free some space there, or set c.SafeCoder.cache_dir to another place.",
        ) from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)
