"""Merges an adapter into its base model, once; the result is served like any other model.

OpenVINO GenAI ignores adapters for ``gpt_bigcode`` silently. Merged weights work on every engine,
cost nothing per token, and never share a KV cache with the base.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from jupyter_safecoder.conversion.store import Store
from jupyter_safecoder.errors import FinetuneError, ModelError
from jupyter_safecoder.files import atomic_directory, make_private_directory
from jupyter_safecoder.models import ModelDescription
from jupyter_safecoder.models.checkpoint import describe_checkpoint
from jupyter_safecoder.models.gguf.checkpoint import write_checkpoint
from jupyter_safecoder.models.safetensors import find_weights, update_tensors

from .lora import read_changes
from .registry import Adapter, Registry


def load_merged(
    base: ModelDescription,
    name: str,
    cache: Path,
    progress: Callable[[float, str], None] = lambda share, text: None,
) -> ModelDescription:
    """Return the description of a base model with an adapter merged into it.

    Parameters
    ----------
    base
        The base model.
    name
        Name of an adapter in the registry.
    cache
        The cache directory, with the adapters and the merged models.
    progress
        Called with the share that is done, 0 to 1, and a description of the work.

    Raises
    ------
    FinetuneError
        If the adapter was changed, is for another base, or cannot be merged.
    """
    registry = Registry(cache)
    adapter = registry.find(name)
    progress(0.0, f"Checking the adapter {name}")
    adapter.verify(registry.base_hash(base))
    return merge_cached(base, adapter, cache, progress)


def merge_cached(
    base: ModelDescription,
    adapter: Adapter,
    cache: Path,
    progress: Callable[[float, str], None] = lambda share, text: None,
) -> ModelDescription:
    """Return the description of a base model with an adapter merged into it; checks no files.

    Parameters
    ----------
    base
        The base model.
    adapter
        An adapter that was verified.
    cache
        The cache directory, with the merged models.
    progress
        Called with the share that is done, 0 to 1, and a description of the work.

    Raises
    ------
    FinetuneError
        If it cannot be merged.
    """
    directory = _directory(cache, adapter.sha256)
    if not directory.is_dir():
        make_private_directory(directory.parent)
        with Store(cache).lock(f"merge-{directory.name}"):
            if not directory.is_dir():
                progress(0.3, f"Merging {adapter.name} into {base.name}")
                merge_adapter(base, adapter.directory, directory)
    return describe_merged(directory, base, f"{base.name}+{adapter.name}")


def describe_merged(directory: Path, base: ModelDescription, name: str) -> ModelDescription:
    """Return the description of a merged checkpoint, with what it inherits from its base.

    Parameters
    ----------
    directory
        The checkpoint.
    base
        The base model.
    name
        The name of the merged model.
    """
    inherited = (
        *("family", "layouts", "default_layout", "context_window", "languages", "license"),
        *("context_tokens", "prefix_tokens", "suffix_tokens", "calibration"),
    )
    return replace(
        describe_checkpoint(directory, name),
        **{field: getattr(base, field) for field in inherited},
    )


def merge_adapter(base: ModelDescription, adapter: Path, directory: Path) -> None:
    """Write a base model with an adapter merged into it; checks no files.

    Parameters
    ----------
    base
        The base model.
    adapter
        A directory that PEFT wrote.
    directory
        The directory of the checkpoint, which appears complete. The caller holds a lock for it.

    Raises
    ------
    FinetuneError
        If it cannot be merged.
    OSError
        If files cannot be read or written, such as on a full disk.
    """
    with atomic_directory(directory, locked=True) as partial:
        try:
            changes = read_changes(adapter, base)
            _write_base(base, partial)
            for path in partial.glob("*.safetensors"):
                update_tensors(path, changes)
        except ModelError as error:
            raise _failure(base, error.reason, error.remedy) from error
        except ValueError as error:
            remedy = "Use a checkpoint of the base model in fp32, bf16 or fp16."
            raise _failure(base, f"{error}.", remedy) from error


def delete_merged(cache: Path, adapter: Adapter) -> None:
    """Delete the merged model of an adapter.

    Parameters
    ----------
    cache
        The cache directory.
    adapter
        The adapter; its files are not read.
    """
    shutil.rmtree(_directory(cache, adapter.sha256), ignore_errors=True)


def _directory(cache: Path, sha256: str) -> Path:
    return cache / "merged" / sha256[:32]


def _write_base(base: ModelDescription, directory: Path) -> None:
    """Write a base model as a checkpoint; of a GGUF, fp16 holds all that was dequantized."""
    if base.format == "gguf":
        write_checkpoint(base.weights, directory)
        files = []
    else:
        files = [base.weights / "config.json", *find_weights(base.weights)]
    tokenizer_config = base.tokenizer.with_name("tokenizer_config.json")
    if tokenizer_config.is_file():
        files.append(tokenizer_config)
    for path in (base.tokenizer, *files):
        shutil.copyfile(path, directory / path.name)


def _failure(base: ModelDescription, reason: str, remedy: str) -> FinetuneError:
    return FinetuneError(f"The adapter could not be merged into {base.name}: {reason}", remedy)
