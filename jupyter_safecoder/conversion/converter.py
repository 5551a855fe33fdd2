"""Converts a model for an engine, once: a second process waits for the first one's result."""

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
from jupyter_safecoder.models import ModelDescription, count_parameters, format_gb
from jupyter_safecoder.models.fingerprint import checkpoint_hash, file_hashes

from .estimate import ResourceEstimate, check_resources, estimate_resources
from .store import Conversion, ConvertedModel, Store

#: Increased when the result changes though the versions of the libraries are the same.
_FORMAT = 1
#: The packages that each engine's conversion uses; their versions are part of its key.
_PACKAGES = {
    "openvino": ("nncf", "openvino", "optimum-intel", "transformers"),
    "onnxruntime": ("onnxruntime", "optimum-onnx", "transformers"),
}
#: Dequantizes GGUF files.
_GGUF_PACKAGE = "gguf"
#: Share of the progress that hashing the model takes.
_HASHED = 0.1

Progress = Callable[[float, str], None]


def needs_conversion(model: ModelDescription, engine: str, precision: str) -> bool:
    """Return whether an engine needs a model in another form than its own.

    Parameters
    ----------
    model
        The model.
    engine, precision
        Those of a :class:`.Choice`; a GGUF file in the precision ``""`` is served unchanged.
    """
    converted = model.format == "checkpoint" or (model.format == "gguf" and precision != "")
    return converted and engine in _PACKAGES


def estimate_model(model: ModelDescription, engine: str, precision: str) -> ResourceEstimate:
    """Estimate what converting a model takes; arguments as for :func:`convert`."""
    parameters = count_parameters(model)
    return estimate_resources(parameters, engine, precision, gguf=model.format == "gguf")


def find_shortage(model: ModelDescription, engine: str, precision: str, cache: Path) -> str:
    """Return why memory or disk space forbid a conversion that is not in the cache yet.

    Parameters
    ----------
    model, engine, precision, cache
        As in :func:`convert`.

    Returns
    -------
    str
        A sentence; empty if it was converted or can be.
    """
    if find_converted(model, engine, precision, cache):
        return ""
    try:
        _check_resources(model, engine, precision, cache)
    except ModelError as error:
        return error.reason
    return ""


def convert(
    model: ModelDescription,
    engine: str,
    precision: str,
    cache: Path,
    progress: Progress = lambda share, text: None,
) -> ConvertedModel:
    """Return a model in the form that an engine needs, converted now if it is not cached.

    Parameters
    ----------
    model
        A checkpoint or a GGUF.
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
        If memory or disk space are too small, or the export fails.
    """
    store = Store(cache)
    try:
        conversion = _describe(model, engine, precision, store, progress)
        if found := store.find(conversion.key):
            return found

        def on_wait() -> None:
            progress(_HASHED, "Another process is converting this model")

        with store.lock(conversion.key, on_wait):
            # Another process may have converted it while this one waited for the lock.
            return store.find(conversion.key) or _run(model, conversion, store, cache, progress)
    except OSError as error:
        raise ModelError(
            f"{model.name} could not be converted: {error.strerror or type(error).__name__}"
            f" ({error.filename or cache}).",
            "Free some space, or set c.SafeCoder.cache_dir to a directory that can be written.",
        ) from error


def find_converted(
    model: ModelDescription, engine: str, precision: str, cache: Path
) -> ConvertedModel | None:
    """Return a model in the form that an engine needs, if it is in the cache.

    Parameters
    ----------
    model, engine, precision, cache
        As in :func:`convert`.
    """
    store = Store(cache)
    conversion = _describe(model, engine, precision, store, lambda share, text: None)
    return store.find(conversion.key)


def _describe(
    model: ModelDescription, engine: str, precision: str, store: Store, progress: Progress
) -> Conversion:
    """Return a conversion with its key, for which the model is hashed."""
    versions = {}
    gguf = model.format == "gguf"
    for package in (*_PACKAGES[engine], *((_GGUF_PACKAGE,) if gguf else ())):
        try:
            versions[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            versions[package] = ""

    def hashing(share: float) -> None:
        progress(_HASHED * share, f"Reading {model.name}")

    content: str | list[str]
    if gguf:  # whatever its files are named
        parts = [file for file in model.files if file.path != model.tokenizer]
        content = [*file_hashes(parts, store.hash_cache, hashing).values()]
    else:
        files = [
            file
            for file in model.files
            if file.path.suffix == ".safetensors" or file.path.name == "config.json"
        ]
        content = checkpoint_hash(files, store.hash_cache, hashing)
    facts = [_FORMAT, content, engine, precision, versions]
    key = hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()
    return Conversion(model.name, str(model.weights), engine, precision, key, versions)


def _run(
    model: ModelDescription,
    conversion: Conversion,
    store: Store,
    cache: Path,
    progress: Progress,
) -> ConvertedModel:
    """Convert a model; the caller holds the lock of the conversion's key."""
    _check_resources(model, conversion.engine, conversion.precision, cache)
    start = time.monotonic()
    with store.staging(conversion) as directory:
        job = {
            "source": conversion.source,
            "target": str(directory),
            "engine": conversion.engine,
            "precision": conversion.precision,
        }
        _export(model, job, lambda share, text: progress(_HASHED + (1 - _HASHED) * share, text))
        return store.commit(directory, conversion, round(time.monotonic() - start, 1))


def _check_resources(model: ModelDescription, engine: str, precision: str, cache: Path) -> None:
    """Refuse a conversion that memory or disk space are too small for."""
    directory = next(path for path in (cache, *cache.absolute().parents) if path.exists())
    free_disk = shutil.disk_usage(directory).free
    estimate = estimate_model(model, engine, precision)
    check_resources(model, estimate, available_bytes(), free_disk, str(cache))


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
    estimate = estimate_model(model, job["engine"], job["precision"])
    return ModelError(
        f"The process that converted {model.name} stopped ({exit_text(code)}); it needs about "
        f"{format_gb(estimate.memory)} of memory.",
        "Free memory, or convert the model on a larger machine and copy the cache directory.",
    )
