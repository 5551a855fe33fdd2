"""Describes the fetched files of a model as the catalogue has it, and merges its adapter."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from importlib.resources import files
from pathlib import Path

from jupyter_safecoder.adapters.merge import describe_merged, merge_adapter
from jupyter_safecoder.adapters.registry import Adapter, Registry, read_card
from jupyter_safecoder.errors import FinetuneError, ModelError
from jupyter_safecoder.extras import REINSTALL_LOCAL
from jupyter_safecoder.files import atomic_write
from jupyter_safecoder.models import ModelDescription, ModelFile
from jupyter_safecoder.models.catalogue import Entry
from jupyter_safecoder.models.checkpoint import describe_checkpoint
from jupyter_safecoder.models.description import write_description
from jupyter_safecoder.models.fingerprint import hash_file
from jupyter_safecoder.models.gguf.describe import describe_gguf
from jupyter_safecoder.models.tokenizer import FileTokenizer
from jupyter_safecoder.prompt import FAMILIES


def describe_files(
    entry: Entry, directory: Path, hashes: Mapping[str, str], cache: Path
) -> ModelDescription:
    """Write ``model.json`` beside the files of a model, and ``tokenizer.json`` if it is missing.

    Parameters
    ----------
    entry
        The model.
    directory
        Has its files.
    hashes
        Their SHA-256 by name, where known.
    cache
        The cache directory.

    Returns
    -------
    ModelDescription
        The description, by the name of the catalogue.

    Raises
    ------
    ModelError
        If it cannot be served, or is not what the catalogue says.
    OSError
        If the files cannot be written.
    """
    gguf = min(directory.glob("*.gguf"), default=None)
    if gguf is None:
        found = describe_checkpoint(directory)
    else:
        found = _with_tokenizer(describe_gguf(gguf, cache), directory / "tokenizer.json")
    model = _described(entry, found, hashes)
    write_description(model)
    return model


def merge_adapter_of(
    entry: Entry, base: ModelDescription, target: Path, cache: Path, adapters: Path | None = None
) -> Path:
    """Return a directory with a model of the catalogue and its adapter merged.

    Parameters
    ----------
    entry
        The model.
    base
        What it is merged into.
    target
        Directory for it. The caller holds a lock for it.
    cache
        The cache directory.
    adapters
        The directory with the adapters of the catalogue; ``None``: that in the package of weights.

    Raises
    ------
    ModelError
        If the adapter is missing, was changed or is for other weights, or cannot be merged.
    OSError
        If the disk is full.
    """
    source = (adapters or shipped_adapters()) / entry.adapter
    card = read_card(source)
    if card is None:
        raise ModelError(
            f"The adapter {entry.adapter} of {entry.name} is not installed.",
            f"Install it again: {REINSTALL_LOCAL}.",
        )
    adapter = Adapter(card, source)
    directory = target / adapter.sha256[:32]
    try:
        adapter.verify(Registry(cache).base_hash(base))
        if not directory.is_dir():
            merge_adapter(base, source, directory)
    except FinetuneError as error:
        raise ModelError(error.reason, error.remedy) from error
    write_description(_described(entry, describe_merged(directory, base, entry.name), {}))
    return directory


def shipped_adapters() -> Path:
    """Return the directory with the adapters in the package of weights."""
    return Path(str(files("safecoder_smol_135m"))) / "adapters"


def _with_tokenizer(model: ModelDescription, path: Path) -> ModelDescription:
    """Copy the tokenizer of a GGUF from the cache, where it is read from the header."""
    if model.tokenizer != path:
        with atomic_write(path) as stream:
            stream.write(model.tokenizer.read_bytes())
    return replace(model, tokenizer=path)


def _described(
    entry: Entry, model: ModelDescription, hashes: Mapping[str, str]
) -> ModelDescription:
    has = FileTokenizer(model.tokenizer).has
    missing = [name for name in FAMILIES[entry.family].fim if not has(name)]
    if missing:
        raise ModelError(
            f"{entry.name} is not of the family {entry.family}, as the catalogue has it: its "
            f"tokenizer has no {missing[0]}.",
            "Correct the catalogue.",
        )
    paths = {model.tokenizer, *(file.path for file in model.files)}
    if model.format == "gguf":
        paths = {model.weights, model.tokenizer}
    budget = entry.budget or model.budget
    return replace(
        model,
        name=entry.name,
        family=entry.family,
        layouts=entry.layouts,
        default_layout=entry.default_layout,
        context_tokens=budget.context,
        prefix_tokens=budget.prefix,
        suffix_tokens=budget.suffix,
        license=entry.license,
        calibration=entry.confidence or model.calibration,
        files=tuple(
            # Where the place gave no hash, that of the file as it is now.
            ModelFile(path, path.stat().st_size, hashes.get(path.name) or hash_file(path))
            for path in sorted(paths)
        ),
    )
