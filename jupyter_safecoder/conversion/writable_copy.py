"""Copies a read-only GGUF into the cache, because OpenVINO opens GGUF files read-write.

A file is read-only if it belongs to another user, or is on a read-only file system as in a
container.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path

from jupyter_safecoder.errors import ModelError
from jupyter_safecoder.files import atomic_write
from jupyter_safecoder.models import ModelDescription


def ensure_writable_copy(model: ModelDescription, cache: Path) -> Path:
    """Return the path of a GGUF file that this process may write to.

    It is copied again at each start, so that the file that is loaded is the one that was verified.

    Parameters
    ----------
    model
        A model whose weights are a GGUF file.
    cache
        The cache directory.

    Returns
    -------
    Path
        The model's own file if it is writable; else the copy.

    Raises
    ------
    ModelError
        If it cannot be copied.
    """
    if os.access(model.weights, os.W_OK):
        return model.weights
    directory = hashlib.sha256(str(model.weights).encode()).hexdigest()[:16]
    copy = cache / "opened" / directory / model.weights.name
    try:
        with model.weights.open("rb") as source, atomic_write(copy) as target:
            shutil.copyfileobj(source, target)
    except OSError as error:
        raise ModelError(
            f"{model.weights} is read-only and could not be copied to {cache}: {error.strerror}.",
            "Free some space, or set c.SafeCoder.cache_dir to a directory that can be written.",
        ) from error
    return copy
