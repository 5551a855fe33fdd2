"""Describes a GGUF file, with the tokenizer that is in it or beside it."""

from __future__ import annotations

import hashlib
import json
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from jupyter_safecoder.errors import ModelError
from jupyter_safecoder.extras import INSTALL_LOCAL
from jupyter_safecoder.files import write_text
from jupyter_safecoder.models.checkpoint import check_stop_tokens, prompt_budget
from jupyter_safecoder.models.description import GgufContent, ModelDescription, ModelFile
from jupyter_safecoder.models.tokenizer import FileTokenizer
from jupyter_safecoder.prompt import FimFamily, detect_family

from .checkpoint import is_tied
from .header import GgufTensor, read_header
from .layout import LAYOUTS, OUTPUT
from .parts import check_parts, find_parts, model_name
from .tokenizer import tokenizer_data

#: Values of ``general.architecture`` that OpenVINO GenAI builds a model for.
_OPENVINO_ARCHITECTURES = ("llama", "qwen2", "qwen3")
#: Types of tensors that it reads, and those of them that it computes as fast as what it converts.
_OPENVINO_TYPES = ("F32", "F16", "Q4_0", "Q4_1", "Q8_0", "Q4_K", "Q6_K")
_EIGHT_BITS = ("F32", "F16", "Q8_0")
#: Types that the package gguf dequantizes.
_DEQUANTIZED = (
    *("F32", "F16", "BF16", "Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0", "MXFP4", "TQ1_0", "TQ2_0"),
    *("Q2_K", "Q3_K", "Q4_K", "Q5_K", "Q6_K", "IQ1_S", "IQ1_M", "IQ2_XXS", "IQ2_XS", "IQ2_S"),
    *("IQ3_XXS", "IQ3_S", "IQ4_NL", "IQ4_XS"),
)
#: Increased when what is kept in the cache changes.
_FORMAT = 3
_MAX_LICENSE = 80
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
    content: GgufContent
    #: Why it cannot be computed on this machine, and what to do; empty if it can.
    refusal: Sequence[str]


def describe_gguf(
    path: Path, cache: Path, name: str = "", sha256: str = "", *, weights: bool = True
) -> ModelDescription:
    """Return the description of a GGUF file.

    Parameters
    ----------
    path
        The file, or any part of one that is split. A ``tokenizer.json`` beside it is used instead
        of the vocabulary in it.
    cache
        The cache directory: reading a vocabulary takes time, so its result is kept there.
    name
        Name to show; empty: that of the file.
    sha256
        The file's hash, if it is known.
    weights
        ``False``: a completion server computes; the file gives the tokenizer.

    Raises
    ------
    ModelError
        If the file is damaged, a part is missing, or its architecture or tokenizer is not
        supported.
    """
    parts = find_parts(path)
    files = tuple(ModelFile(part, part.stat().st_size, sha256) for part in parts)
    cached = cache / "gguf" / hashlib.sha256(_mark(parts).encode()).hexdigest()[:32]
    header = _read_cached(cached)
    if header is None:
        header, tokenizer = _read_header(parts)
        _write_cached(cached, header, tokenizer)
    if weights and header.refusal:
        raise ModelError(*header.refusal)
    tokenizer_path = _find_tokenizer(path, cached, header)
    family = _check_tokenizer(path, tokenizer_path, header)
    budget = prompt_budget(header.window)
    return ModelDescription(
        name=name or model_name(path),
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
        weights=parts[0],
        tokenizer=tokenizer_path,
        files=(*files, ModelFile(tokenizer_path, tokenizer_path.stat().st_size)),
        gguf=header.content,
    )


def _mark(parts: Sequence[Path]) -> str:
    """Return a text that changes when a file does."""
    states = [(part, part.stat()) for part in parts]
    marks = [f"{part}-{s.st_size}-{s.st_ino}-{s.st_mtime_ns}" for part, s in states]
    return "\n".join((str(_FORMAT), *marks))


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


def _read_header(parts: Sequence[Path]) -> tuple[_Header, dict[str, Any] | None]:
    """Return the header of a GGUF, and the data of a ``tokenizer.json`` if it has one."""
    try:
        import gguf  # noqa: F401 - the sizes of its types
    except ImportError:
        raise ModelError(
            "Reading a GGUF needs the package gguf, which is not installed.",
            f"Install it: {INSTALL_LOCAL}.",
        ) from None
    part = parts[0]
    try:
        headers = []
        for part in parts:
            headers.append(read_header(part))
        fields = headers[0][0]
        tensors = [tensor for _, found in headers for tensor in found]
        check_parts(parts, [header for header, _ in headers], len(tensors))
        header = _parse(parts, fields, tensors)
        if header.window < 16:
            raise ValueError("it has no window")
        tokenizer = tokenizer_data(fields)
    except ModelError:
        raise
    except OSError as error:
        raise ModelError(f"{part} cannot be read: {error.strerror}.", _GET_AGAIN) from error
    # The header may have values of any type under these names.
    except Exception as error:
        raise ModelError(
            f"{part} is not a GGUF file, or is truncated or damaged.", _GET_AGAIN
        ) from error
    return header, tokenizer


def _parse(
    parts: Sequence[Path], fields: Mapping[str, Any], tensors: Sequence[GgufTensor]
) -> _Header:
    architecture = str(fields["general.architecture"])
    layout = LAYOUTS.get(architecture)

    def number(name: str, default: Any = 0) -> int:
        return int(fields.get(f"{architecture}.{name}", default))

    types, named = {tensor.type for tensor in tensors}, {tensor.name: tensor for tensor in tensors}
    kv_values, convertible = 0, False
    if layout is not None:
        layers, heads = number("block_count"), number("attention.head_count", 1)
        head_size = number("attention.key_length") or number("embedding_length") // heads
        kv_values = 2 * layers * number("attention.head_count_kv", heads) * head_size
        convertible = types <= {*_DEQUANTIZED} and not layout.differing_tensor(named, layers)
    parameters = sum(math.prod(tensor.shape) for tensor in tensors)
    if convertible and OUTPUT in named and is_tied(named):
        parameters -= math.prod(named[OUTPUT].shape)
    content = GgufContent(
        parameters=parameters,
        quantization=quantization_name(fields, tensors),
        kv_values=kv_values,
        servable_unchanged=architecture in _OPENVINO_ARCHITECTURES
        and types <= {*_OPENVINO_TYPES}
        and len(parts) == 1,
        convertible=convertible,
        faster_converted=not types <= {*_EIGHT_BITS},
    )
    computed = content.servable_unchanged or content.convertible
    return _Header(
        architecture=layout.model_type if layout else architecture,
        window=number("context_length"),
        vocabulary=len(fields["tokenizer.ggml.tokens"]),
        tokenizer=str(fields.get("tokenizer.ggml.pre", fields["tokenizer.ggml.model"])),
        license=str(fields.get("general.license", "unknown"))[:_MAX_LICENSE],
        content=content,
        refusal=() if computed else _refusal(parts[0], fields, tensors),
    )


def quantization_name(fields: Mapping[str, Any], tensors: Sequence[GgufTensor]) -> str:
    """Return the name of ``general.file_type``, or else the type of most bytes."""
    import gguf

    try:
        name: str = gguf.LlamaFileType(fields["general.file_type"]).name
    except (KeyError, ValueError):
        sizes: Counter[str] = Counter()
        for tensor in tensors:
            sizes[tensor.type] += tensor.size
        return sizes.most_common(1)[0][0]
    return name.removeprefix("MOSTLY_").removeprefix("ALL_")


def _refusal(
    path: Path, fields: Mapping[str, Any], tensors: Sequence[GgufTensor]
) -> tuple[str, str]:
    """Return why a GGUF can neither be converted nor served unchanged, and what to do."""
    architecture = fields["general.architecture"]
    if architecture not in LAYOUTS:
        return (
            f"{path} is of the architecture {architecture!r}, which is not supported as a "
            "GGUF file.",
            "Name the model's checkpoint, or have a completion server such as llama-server run it "
            f"(c.SafeCoder.remote_url). Supported in GGUF files are: {', '.join(LAYOUTS)}.",
        )
    unknown = sorted({tensor.type for tensor in tensors} - {*_DEQUANTIZED})
    if unknown:
        return (
            f"{path} has tensors of the type {unknown[0]}, which cannot be dequantized.",
            f"Use a file with tensors of these types: {', '.join(_DEQUANTIZED)}.",
        )
    names = {tensor.name for tensor in tensors}
    layers = int(fields.get(f"{architecture}.block_count", 0))
    name = LAYOUTS[architecture].differing_tensor(names, layers)
    has = "an unknown" if name in names else "no"
    return (
        f"{path} is not a {architecture} model as llama.cpp writes it: it has {has} tensor {name}.",
        "Name the model's checkpoint instead.",
    )


def _read_cached(directory: Path) -> _Header | None:
    try:
        data = json.loads((directory / "gguf.json").read_text("utf-8"))
        return _Header(**{**data, "content": GgufContent(**data["content"])})
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
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
