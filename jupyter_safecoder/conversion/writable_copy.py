"""Gives OpenVINO a GGUF file as it opens them: named ``.gguf``, and read-write.

A file is read-only if it belongs to another user, or is on a read-only file system as in a
container; then it is copied into the cache. A file without the suffix, as in Ollama's store, gets a
link there.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path

from jupyter_safecoder.errors import ModelError
from jupyter_safecoder.files import atomic_write, make_directory
from jupyter_safecoder.models import ModelDescription

_SUFFIX = ".gguf"


def ensure_writable_copy(model: ModelDescription, cache: Path) -> Path:
    """Return the path of a GGUF file that this process may write to, with the suffix ``.gguf``.

    A copy is made again at each start, so that the file that is loaded is the one that was
    verified.

    Parameters
    ----------
    model
        A model whose weights are a GGUF file.
    cache
        The cache directory.

    Returns
    -------
    Path
        The model's own file, a link to it, or a copy.

    Raises
    ------
    ModelError
        If it cannot be copied.
    """
    writable = os.access(model.weights, os.W_OK)
    if writable and model.weights.suffix == _SUFFIX:
        return model.weights
    directory = hashlib.sha256(str(model.weights).encode()).hexdigest()[:16]
    copy = cache / "opened" / directory / f"{model.weights.stem}{_SUFFIX}"
    try:
        if writable:
            return _link(model.weights, copy)
        with model.weights.open("rb") as source, atomic_write(copy) as target:
            shutil.copyfileobj(source, target)
    except OSError as error:
        raise ModelError(
            f"{model.weights} is read-only and could not be copied to {cache}: {error.strerror}.",
            "Free some space, or set c.SafeCoder.cache_dir to a directory that can be written.",
        ) from error
    return copy


def _link(path: Path, link: Path) -> Path:
    make_directory(link.parent)
    link.unlink(missing_ok=True)  # it may be a copy of before
    link.symlink_to(path)
    return link
