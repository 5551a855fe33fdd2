"""Prepare a checkpoint for an engine, once: whoever comes second finds it or waits for it."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from jupyter_safecoder.child_process import child_process, exit_text
from jupyter_safecoder.engines.hardware.cpu import available_bytes
from jupyter_safecoder.errors import ModelError
from jupyter_safecoder.models import ModelDescription, count_parameters
from jupyter_safecoder.models.fingerprint import checkpoint_hash

from .estimate import check_resources, estimate_resources
from .store import ConvertedModel, Store

#: Raised when what we write changes in a way that the versions of libraries do not tell.
_FORMAT = 1
#: What goes into a preparation, and so into its key.
_PACKAGES = {
    "openvino": ("nncf", "openvino", "optimum-intel", "transformers"),
    "onnxruntime": ("onnxruntime", "optimum-onnx", "transformers"),
}
#: Share of the progress that the reading and hashing of the checkpoint takes.
_HASHED = 0.1

Progress = Callable[[float, str], None]


def needs_conversion(model: ModelDescription, engine: str) -> bool:
    """Say whether an engine takes this model only in a form of its own."""
    return model.format == "checkpoint" and engine in _PACKAGES


def convert(
    model: ModelDescription,
    engine: str,
    precision: str,
    cache: Path,
    progress: Progress = lambda share, text: None,
) -> ConvertedModel:
    """Return the prepared form of a checkpoint, made now if it is not there yet.

    Parameters
    ----------
    model
        A checkpoint.
    engine
        ``openvino`` or ``onnxruntime``.
    precision
        Of the weights: ``fp32``, ``fp16``, ``int8``, ``int4``; ONNX Runtime: ``fp32``, ``int8``.
    cache
        The cache directory.
    progress
        Called with the share that is done, 0 to 1, and what is being done.

    Raises
    ------
    ModelError
        If memory or disk do not suffice, or the export fails.
    """
    store = Store(cache)
    try:
        key, versions = _key(model, engine, precision, store, progress)
        if found := store.find(key):
            return found

        def waiting() -> None:
            progress(_HASHED, "Another process is preparing this model")

        with store.lock(key, waiting):
            # Made by another process while this one waited for the lock.
            return store.find(key) or _make(
                model, engine, precision, key, versions, store, cache, progress
            )
    except OSError as error:
        raise ModelError(
            f"{model.name} could not be prepared: {error.strerror or type(error).__name__}"
            f" ({error.filename or cache}).",
            "Free some space, or set c.SafeCoder.cache_dir to a directory that can be written.",
        ) from error


def find_converted(
    model: ModelDescription, engine: str, precision: str, cache: Path
) -> ConvertedModel | None:
    """Return the prepared form of a checkpoint if it is there."""
    store = Store(cache)
    return store.find(_key(model, engine, precision, store, lambda share, text: None)[0])


def _key(
    model: ModelDescription, engine: str, precision: str, store: Store, progress: Progress
) -> tuple[str, dict[str, str]]:
    versions = {}
    for package in _PACKAGES[engine]:
        try:
            versions[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            versions[package] = ""
    content = checkpoint_hash(
        [f for f in model.files if f.path.suffix == ".safetensors" or f.path.name == "config.json"],
        store.hashes,
        lambda share: progress(_HASHED * share, f"Reading {model.name}"),
    )
    parts = [_FORMAT, content, engine, precision, versions]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest(), versions


def _make(
    model: ModelDescription,
    engine: str,
    precision: str,
    key: str,
    versions: dict[str, str],
    store: Store,
    cache: Path,
    progress: Progress,
) -> ConvertedModel:
    needs = estimate_resources(count_parameters(model), engine, precision)
    check_resources(model, needs, available_bytes(), shutil.disk_usage(cache).free, str(cache))
    began = time.monotonic()
    with store.staging(key) as partial:
        job = {
            "source": str(model.weights),
            "target": str(partial),
            "engine": engine,
            "precision": precision,
        }
        _export(model, job, lambda share, text: progress(_HASHED + (1 - _HASHED) * share, text))
        return store.keep(
            partial,
            model=model.name,
            source=str(model.weights),
            engine=engine,
            precision=precision,
            key=key,
            seconds=round(time.monotonic() - began, 1),
            versions=versions,
        )


def _export(model: ModelDescription, job: dict[str, str], progress: Progress) -> None:
    module = "jupyter_safecoder.conversion.export"
    with child_process(module, job, stderr=subprocess.DEVNULL) as child:
        for message in child.messages():
            if "error" in message:
                raise ModelError(message["error"], message["remedy"])
            progress(message["share"], message["text"])
        if status := child.process.wait():
            raise _death(model, job, status)


def _death(model: ModelDescription, job: dict[str, str], code: int) -> ModelError:
    needs = estimate_resources(count_parameters(model), job["engine"], job["precision"])
    return ModelError(
        f"The process that prepared {model.name} ended ({exit_text(code)}); it needs about "
        f"{needs.memory / 1e9:.1f} GB of memory.",
        "Free memory, or prepare the model on a larger machine and copy the cache directory.",
    )
