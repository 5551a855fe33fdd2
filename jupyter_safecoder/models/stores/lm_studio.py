"""Finds the models in LM Studio's store: GGUF files in ``PUBLISHER/MODEL/``.

Source: LM Studio's documentation, "Import models".
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from jupyter_safecoder.errors import ModelError
from jupyter_safecoder.models.gguf.parts import is_later_part

#: Start of the names of models in this store.
PREFIX = "lmstudio:"

#: The present directory, and that of versions before 0.3.
_STORES = ("~/.lmstudio/models", "~/.cache/lm-studio/models")
#: A name of a file or directory that is not hidden.
_PART = r"[^./\\\0][^/\\\0]{0,254}"
_NAME = re.compile(rf"({_PART})/({_PART})(?:/({_PART}))?")
#: Start of the names of files that are no language models.
_PROJECTOR = "mmproj"
_MAX_FILES = 1000
_MAX_NAMES = 10


def find_model(name: str) -> Path:
    """Return the GGUF file of a model.

    Parameters
    ----------
    name
        ``lmstudio:PUBLISHER/MODEL`` or ``lmstudio:PUBLISHER/MODEL/FILE``.

    Raises
    ------
    ModelError
        If there is no such model, or it has several files and none is named.
    """
    match = _NAME.fullmatch(name.removeprefix(PREFIX))
    if match is None:
        raise ModelError(
            f"{name!r} is not a name of a model of LM Studio.",
            "Name it by its directories: 'lmstudio:publisher/model'.",
        )
    publisher, model, file = match.groups()
    files = [
        found
        for store in _stores()
        for found in _files(store / publisher / model)
        if file in (None, found.name, found.stem)
    ]
    if not files:
        known = ", ".join(islice((known for known, _ in all_models()), _MAX_NAMES)) or "none"
        raise ModelError(
            f"LM Studio has no model {name.removeprefix(PREFIX)!r} on this disk; it has: {known}.",
            "Download it in LM Studio, or name another one.",
        )
    if len(files) > 1 and file is None:
        raise ModelError(
            f"{name} has several GGUF files: {', '.join(f.name for f in files[:_MAX_NAMES])}.",
            f"Name one of them: '{name}/{files[0].name}'.",
        )
    return files[0]


def all_models() -> Iterator[tuple[str, Path]]:
    """Yield the names of all models, with their files, and the path of each."""
    for store in _stores():
        directories = sorted(store.glob("*/*"))
        files = (file for directory in directories for file in _files(directory))
        for file in islice(files, _MAX_FILES):
            yield PREFIX + file.relative_to(store).as_posix(), file


def _stores() -> list[Path]:
    return [Path(directory).expanduser() for directory in _STORES]


def _files(directory: Path) -> list[Path]:
    """Return the GGUF files of language models in a directory, of parts the first."""
    return [
        path
        for path in sorted(directory.glob("*.gguf"))
        if path.is_file()
        and not path.name.startswith((_PROJECTOR, "."))
        and not is_later_part(path)
    ]
