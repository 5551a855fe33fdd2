"""Finds the models in Ollama's store.

A manifest ``manifests/HOST/NAMESPACE/NAME/TAG`` names the layers of a model by their SHA-256, and
``blobs/sha256-…`` are the layers. Source: Ollama, ``types/model/name.go`` and ``manifest/``.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from jupyter_safecoder.errors import ModelError

#: Start of the names of models in this store.
PREFIX = "ollama:"

_HOST, _NAMESPACE, _TAG = "registry.ollama.ai", "library", "latest"
#: The store of a user, and that of the service that Ollama's installer sets up.
_STORES = ("~/.ollama/models", "/usr/share/ollama/.ollama/models")
_PART = r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}"
_NAME = re.compile(rf"(?:({_PART}(?::\d+)?)/)?(?:({_PART})/)?({_PART})(?::({_PART}))?")
_DIGEST = re.compile(r"sha256:([0-9a-f]{64})")
_MODEL_LAYER = "application/vnd.ollama.image.model"
_ADAPTER_LAYER = "application/vnd.ollama.image.adapter"
_MAX_MANIFEST_BYTES = 2**20
_MAX_MANIFESTS = 1000
_MAX_NAMES = 10


def find_model(name: str) -> tuple[Path, str]:
    """Return the GGUF file of a model and its SHA-256, which is not verified yet.

    Parameters
    ----------
    name
        ``ollama:NAME``, ``ollama:NAME:TAG`` or ``ollama:NAMESPACE/NAME:TAG``.

    Raises
    ------
    ModelError
        If there is no such model, it is incomplete, or it has no GGUF file.
    """
    match = _NAME.fullmatch(name.removeprefix(PREFIX))
    if match is None:
        raise ModelError(
            f"{name!r} is not a name of a model of Ollama.",
            "Name it as 'ollama list' does, such as 'ollama:qwen2.5-coder:1.5b'.",
        )
    host, namespace, model, tag = match.groups()
    if host and not namespace:
        host, namespace = None, host
    parts = (host or _HOST, namespace or _NAMESPACE, model, tag or _TAG)
    for store in _stores():
        manifest = store.joinpath("manifests", *parts)
        if manifest.is_file():
            return _blob(name, store, manifest)
    known = ", ".join(islice((known for known, _ in all_models()), _MAX_NAMES)) or "none"
    raise ModelError(
        f"Ollama has no model {name.removeprefix(PREFIX)!r} on this disk; it has: {known}.",
        f"Get it with 'ollama pull {name.removeprefix(PREFIX)}', or set OLLAMA_MODELS to the "
        "directory of its models.",
    )


def all_models() -> Iterator[tuple[str, Path]]:
    """Yield the names of all models, and the manifest of each."""
    for store in _stores():
        directory = store / "manifests"
        for manifest in islice(sorted(directory.glob("*/*/*/*")), _MAX_MANIFESTS):
            host, namespace, model, tag = manifest.relative_to(directory).parts
            parts = [model] if namespace == _NAMESPACE else [namespace, model]
            name = f"{PREFIX}{'/'.join(parts if host == _HOST else [host, namespace, model])}:{tag}"
            if manifest.is_file() and _NAME.fullmatch(name.removeprefix(PREFIX)):
                yield name, manifest


def _stores() -> list[Path]:
    if directory := os.environ.get("OLLAMA_MODELS"):
        return [Path(directory).expanduser()]
    return [Path(directory).expanduser() for directory in _STORES]


def _blob(name: str, store: Path, manifest: Path) -> tuple[Path, str]:
    layers = _read_layers(manifest)
    if any(layer.get("mediaType") == _ADAPTER_LAYER for layer in layers):
        raise ModelError(
            f"{name} has an adapter beside its model, which is not applied here.",
            "Name the model that the adapter was made for.",
        )
    found = [layer for layer in layers if layer.get("mediaType") == _MODEL_LAYER]
    digests = [_DIGEST.fullmatch(str(layer.get("digest"))) for layer in found]
    if len(digests) != 1 or digests[0] is None:
        raise ModelError(
            f"{name} has no GGUF file that its manifest names by a SHA-256.",
            "Use a model with one GGUF file.",
        )
    path = store / "blobs" / f"sha256-{digests[0][1]}"
    if not path.is_file() or path.stat().st_size != found[0].get("size"):
        raise ModelError(
            f"{name} is not complete: {path} is missing or has another size.",
            f"Get it again with 'ollama pull {name.removeprefix(PREFIX)}'.",
        )
    return path, digests[0][1]


def _read_layers(manifest: Path) -> list[dict[str, Any]]:
    try:
        with manifest.open("rb") as stream:
            content = stream.read(_MAX_MANIFEST_BYTES + 1)
        if len(content) > _MAX_MANIFEST_BYTES:
            raise ValueError
        layers = json.loads(content)["layers"]
        return [layer for layer in layers if isinstance(layer, dict)]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        raise ModelError(
            f"{manifest} cannot be read as a manifest of Ollama.",
            "Get the model again with 'ollama pull'.",
        ) from None
