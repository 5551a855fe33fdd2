"""Tiny models for catalogues, and the places that have them."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.support.model_sources import sha256

#: A model of a catalogue, but for its files and places.
MODEL: dict[str, Any] = {
    "name": "tiny-coder",
    "purpose": "for tests",
    "parameters": 3_000_000,
    "license": "MIT",
    "commercial_use": True,
    "family": "starcoder",
    "layouts": ["psm"],
    "default_layout": "psm",
    "memory_mb": 10,
}
REPOSITORY = "team/tiny-coder"
REVISION = "0123456789abcdef0123456789abcdef01234567"


def write_gguf(path: Path, numbers: int = 1_000) -> Path:
    """Write a GGUF with a small vocabulary and one tensor, which can be described, not served."""
    import gguf
    import numpy

    tokens = ["<|endoftext|>", "<fim_prefix>", "<fim_middle>", "<fim_suffix>", "<jupyter_start>"]
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_context_length(2048)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("smollm")
    writer.add_token_list([*tokens, "a", "b", "ab"])
    writer.add_token_types([*([3] * len(tokens)), 1, 1, 1])
    writer.add_token_merges(["a b"])
    writer.add_tensor("x", numpy.random.default_rng(1).random(numbers, dtype="float32"))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def file_of(path: Path) -> dict[str, Any]:
    """Return a file as a catalogue has it."""
    return {"path": path.name, "size": path.stat().st_size, "sha256": sha256(path)}


def hub_place() -> dict[str, str]:
    return {"repository": REPOSITORY, "revision": REVISION}


def hub_path(file: str) -> str:
    """Return the path of a file at the hub's server."""
    return f"/{REPOSITORY}/resolve/{REVISION}/{file}"


def write_parts(directory: Path, content: bytes, count: int = 6) -> dict[str, Any]:
    """Write wheels with the parts of a file, two in each; return the place."""
    step = -(-len(content) // count)
    chunks = [content[step * n : step * (n + 1)] for n in range(count)]
    packages = {}
    for number in range(0, count, 2):
        name = f"tiny-part{number // 2 + 1}"
        numbered = list(enumerate(chunks, 1))[number : number + 2]
        wheel = write_wheel(directory, name, numbered)
        packages[name] = sha256(wheel)
    return {"version": "1.0", "parts": "*/data/partNN.bin", "packages": packages}


def write_wheel(directory: Path, name: str, parts: Sequence[tuple[int, bytes]]) -> Path:
    """Write a wheel with these parts, and code that must not run."""
    module = name.replace("-", "_")
    wheel = directory / f"{module}-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(f"{module}/__init__.py", "raise SystemExit('the package was imported')")
        for number, chunk in parts:
            archive.writestr(f"{module}/data/part{number:02}.bin", chunk)
    return wheel


def write_catalogue(path: Path, *models: dict[str, Any]) -> Path:
    """Write a catalogue as TOML."""
    path.write_text("models = [" + ", ".join(map(_inline, models)) + "]\n", "utf-8")
    return path


def _inline(value: Any) -> str:
    if isinstance(value, dict):
        pairs = (f"{json.dumps(key)} = {_inline(one)}" for key, one in value.items())
        return "{ " + ", ".join(pairs) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(_inline, value)) + "]"
    return json.dumps(value)
