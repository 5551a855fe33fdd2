"""Describes a GGUF file, with the tokenizer that is in it or beside it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from jupyter_safecoder.errors import ModelError
from jupyter_safecoder.extras import INSTALL_LOCAL
from jupyter_safecoder.files import write_text
from jupyter_safecoder.prompt import FimFamily, detect_family

from .checkpoint import check_stop_tokens, prompt_budget
from .description import ModelDescription, ModelFile
from .gguf_tokenizer import tokenizer_data
from .tokenizer import FileTokenizer

#: Values of ``general.architecture`` that OpenVINO GenAI builds a model for.
_ARCHITECTURES = ("llama", "qwen2", "qwen3")
#: Types of tensors that it reads.
_TYPES = ("F32", "F16", "Q4_0", "Q4_1", "Q8_0", "Q4_K", "Q6_K")
_GET_AGAIN = "Copy or download the file again."


@dataclass(frozen=True)
class _Header:
    """Fields of a GGUF header; kept in the cache as ``gguf.json``."""

    architecture: str
    window: int
    #: Number of tokens.
    vocabulary: int
    #: Name of the pre-tokenizer or, if it has none, of the tokenizer's model.
    tokenizer: str
    license: str


def describe_gguf(path: Path, cache: Path) -> ModelDescription:
    """Return the description of a GGUF file.

    Parameters
    ----------
    path
        The file. A ``tokenizer.json`` beside it is used instead of the vocabulary in it.
    cache
        The cache directory: reading a vocabulary takes seconds, so its result is kept there.

    Raises
    ------
    ModelError
        If the file is damaged, or its architecture or tokenizer is not supported.
    """
    status = path.stat()
    mark = f"{path}-{status.st_size}-{status.st_ino}-{status.st_mtime_ns}"
    cached = cache / "gguf" / hashlib.sha256(mark.encode()).hexdigest()[:32]
    header = _read_cached(cached)
    if header is None:
        header, tokenizer = _read_header(path)
        _write_cached(cached, header, tokenizer)
    if header.architecture not in _ARCHITECTURES:
        raise ModelError(
            f"{path} is of the architecture {header.architecture!r}, which is not supported as a "
            "GGUF file.",
            "Name the model's checkpoint instead. Supported in GGUF files are: "
            f"{', '.join(_ARCHITECTURES)}.",
        )
    tokenizer_path = _find_tokenizer(path, cached, header)
    family = _check_tokenizer(path, tokenizer_path, header)
    budget = prompt_budget(header.window)
    return ModelDescription(
        name=path.stem,
        family=family.name,
        layouts=family.layouts,
        default_layout=family.layouts[0],
        context_window=header.window,
        context_tokens=budget.context,
        prefix_tokens=budget.prefix,
        suffix_tokens=budget.suffix,
        languages=(),
        license=header.license,
        format="gguf",
        architecture=header.architecture,
        weights=path,
        tokenizer=tokenizer_path,
        files=(
            ModelFile(path, status.st_size),
            ModelFile(tokenizer_path, tokenizer_path.stat().st_size),
        ),
    )


def _find_tokenizer(path: Path, cached: Path, header: _Header) -> Path:
    for directory in (path.parent, cached):
        if (directory / "tokenizer.json").is_file():
            return directory / "tokenizer.json"
    raise ModelError(
        f"{path} has a tokenizer of a kind ({header.tokenizer}) that cannot be read from it.",
        "Put the model's tokenizer.json into the same directory.",
    )


def _check_tokenizer(path: Path, tokenizer_path: Path, header: _Header) -> FimFamily:
    """Check that the tokenizer fits the model; return the FIM family."""
    tokenizer = FileTokenizer(tokenizer_path)
    if tokenizer.size > header.vocabulary:
        raise ModelError(
            f"{tokenizer_path} does not fit {path.name}: it has ids up to {tokenizer.size - 1}, "
            f"but the model has {header.vocabulary} tokens.",
            "Replace it by the tokenizer.json of this model.",
        )
    family = detect_family(header.architecture, tokenizer.has)
    check_stop_tokens(family, tokenizer, path)
    return family


def _read_header(path: Path) -> tuple[_Header, dict[str, Any] | None]:
    """Return the header of a GGUF file, and the data of a ``tokenizer.json`` if it has one."""
    try:
        import gguf
    except ImportError:
        raise ModelError(
            "Reading a GGUF needs the package gguf, which is not installed.",
            f"Install it: {INSTALL_LOCAL}.",
        ) from None
    try:
        reader = gguf.GGUFReader(path)
        fields = {name: field.contents() for name, field in reader.fields.items()}
        header = _parse(fields)
        types = sorted({t.tensor_type.name for t in reader.tensors} - {*_TYPES})
        end = max(int(t.data_offset) + int(t.n_bytes) for t in reader.tensors)
        if header.window < 16 or end > path.stat().st_size:
            raise ValueError
    except OSError as error:
        raise ModelError(f"{path} cannot be read: {error.strerror}.", _GET_AGAIN) from error
    # The reader trusts the file: a damaged one can raise any exception.
    except Exception as error:
        raise ModelError(
            f"{path} is not a GGUF file, or is truncated or damaged.", _GET_AGAIN
        ) from error
    if types:
        raise ModelError(
            f"{path} has tensors of the type {types[0]}, which OpenVINO does not read.",
            f"Use a file with tensors of these types: {', '.join(_TYPES)}.",
        )
    return header, tokenizer_data(fields)


def _parse(fields: dict[str, Any]) -> _Header:
    architecture = str(fields["general.architecture"])
    return _Header(
        architecture=architecture,
        window=int(fields.get(f"{architecture}.context_length", 0)),
        vocabulary=len(fields["tokenizer.ggml.tokens"]),
        tokenizer=str(fields.get("tokenizer.ggml.pre", fields["tokenizer.ggml.model"])),
        license=str(fields.get("general.license", "unknown")),
    )


def _read_cached(directory: Path) -> _Header | None:
    try:
        return _Header(**json.loads((directory / "gguf.json").read_text("utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def _write_cached(directory: Path, header: _Header, tokenizer: dict[str, Any] | None) -> None:
    try:
        if tokenizer is not None:
            write_text(directory / "tokenizer.json", json.dumps(tokenizer))
        # The header last: where it is, the tokenizer is too.
        write_text(directory / "gguf.json", json.dumps(asdict(header)))
    except OSError as error:
        raise ModelError(
            f"The header of a GGUF file cannot be cached in {directory}: {error.strerror}.",
            "Free some space there, or set c.SafeCoder.cache_dir to another directory.",
        ) from error
