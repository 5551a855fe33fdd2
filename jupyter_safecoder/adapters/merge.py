"""A base model with an adapter as a model of its own: merged once, then prepared like any other.

OpenVINO GenAI's own adapters are silently ignored on ``gpt_bigcode``; merged weights work on every
engine, cost nothing at each token, and never share KV with the base.
"""

from __future__ import annotations

import errno
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from jupyter_safecoder.child_process import child_process, exit_text
from jupyter_safecoder.conversion.store import Store
from jupyter_safecoder.errors import FinetuneError
from jupyter_safecoder.models import ModelDescription
from jupyter_safecoder.models.checkpoint import describe_checkpoint

from .registry import Adapter, Registry, adapter_hash


def adapted(
    model: ModelDescription,
    name: str,
    cache: Path,
    progress: Callable[[float, str], None] = lambda share, text: None,
) -> ModelDescription:
    """Return the description of a base model with an adapter merged into it.

    Parameters
    ----------
    model
        The base.
    name
        Of an adapter in the registry.
    cache
        The cache directory: adapters are there, and what is merged.
    progress
        Called with the share that is done, 0 to 1, and what is being done.

    Raises
    ------
    FinetuneError
        If the adapter is altered, for another base, or cannot be merged.
    """
    registry = Registry(cache)
    adapter = registry.find(name)
    progress(0.0, f"Checking the adapter {name}")
    adapter.verify(registry.base_hash(model))
    return merged(model, adapter, cache, progress)


def merged(
    model: ModelDescription,
    adapter: Adapter,
    cache: Path,
    progress: Callable[[float, str], None] = lambda share, text: None,
) -> ModelDescription:
    """Return the description of a base model with an adapter that was checked.

    Raises
    ------
    FinetuneError
        If it cannot be merged.
    """
    name, key = adapter.name, adapter_hash(adapter)
    place = cache / "merged" / key[:32]
    if not place.is_dir():
        with Store(cache).lock(f"merge-{key[:32]}"):
            if not place.is_dir():
                progress(0.3, f"Merging {name} into {model.name}")
                _merge(model, adapter.directory, place)
    own = describe_checkpoint(place, f"{model.name}+{name}")
    kept = (
        *("family", "layouts", "default_layout", "context_window", "languages", "license"),
        *("context_tokens", "prefix_tokens", "suffix_tokens"),
    )
    return replace(own, **{field: getattr(model, field) for field in kept})


def forget(cache: Path, key: str) -> None:
    """Delete what was merged of an adapter that is gone."""
    shutil.rmtree(cache / "merged" / key[:32], ignore_errors=True)


def _merge(model: ModelDescription, adapter: Path, place: Path) -> None:
    partial = place.with_name(f"{place.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    # In a process of its own, which takes torch and its memory along when it ends.
    job = {"model": str(_nameable(model)), "adapter": str(adapter), "target": str(partial)}
    try:
        module = "jupyter_safecoder.adapters.merge_worker"
        with child_process(module, job, stderr=subprocess.DEVNULL) as child:
            failure = child.first_message()
            status = child.process.wait()
        if failure and failure["disk_full"]:
            raise OSError(errno.ENOSPC, "the disk is full", str(partial))
        if failure or status:
            reason = failure["error"] if failure else f"its process ended ({exit_text(status)})."
            raise FinetuneError(
                f"The adapter could not be merged into {model.name}: {reason}",
                "Check the free memory and disk; 'jupyter safecoder adapter verify' checks it.",
            )
        partial.rename(place)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _nameable(model: ModelDescription) -> str | Path:
    beside = model.weights.parent / "model.json"
    return beside.parent if beside.is_file() else model.weights
