"""A GGUF that OpenVINO can open: it opens one for writing, though it writes nothing.

A file of somebody else, or on a read-only file system, as in a container, is copied into the cache.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path

from jupyter_safecoder.errors import ModelError
from jupyter_safecoder.models import ModelDescription


def ensure_writable_copy(model: ModelDescription, cache: Path) -> Path:
    """Return the weights of a GGUF where this process may write to them.

    The copy is made anew at each start: what is loaded is what was verified.

    Raises
    ------
    ModelError
        If there is no room for it.
    """
    if os.access(model.weights, os.W_OK):
        return model.weights
    place = hashlib.sha256(str(model.weights).encode()).hexdigest()[:16]
    copy = cache / "opened" / place / model.weights.name
    partial = copy.with_suffix(f".{os.getpid()}.partial")
    try:
        copy.parent.mkdir(parents=True, exist_ok=True)
        try:
            shutil.copyfile(model.weights, partial)
            partial.replace(copy)
        finally:
            partial.unlink(missing_ok=True)
    except OSError as error:
        raise ModelError(
            f"{model.weights} cannot be written to, so it must be copied, and could not be: "
            f"{error.strerror} ({cache}).",
            "Free some space, or set c.SafeCoder.cache_dir to a directory that can be written.",
        ) from error
    return copy
