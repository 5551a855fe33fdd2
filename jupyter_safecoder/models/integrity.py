"""Verifies the files of a model before it is loaded."""

from __future__ import annotations

import hmac
from collections.abc import Callable

from jupyter_safecoder.errors import ModelError
from jupyter_safecoder.extras import REINSTALL_LOCAL

from .description import ModelDescription, ModelFile
from .fingerprint import hash_file
from .resolve import EMBEDDED

_INSTALL = f"Install the model again: {REINSTALL_LOCAL}."
_GET_AGAIN = "Copy or download the model again."


def verify_files(
    model: ModelDescription, progress: Callable[[float], None] = lambda share: None
) -> None:
    """Check the size of each file of a model, and the SHA-256 where it is known.

    Parameters
    ----------
    model
        The model.
    progress
        Called with the share of bytes read so far, 0 to 1.

    Raises
    ------
    ModelError
        If a file is missing, unreadable, truncated or altered.
    """
    remedy = _INSTALL if model.name == EMBEDDED else _GET_AGAIN
    total = sum(file.size for file in model.files)
    done = 0
    for file in sorted(model.files, key=lambda file: file.size):
        start = done
        _verify(file, remedy, lambda size: progress((start + size) / total))  # noqa: B023
        done += file.size


def _verify(file: ModelFile, remedy: str, progress: Callable[[int], None]) -> None:
    try:
        size = file.path.stat().st_size
        if size != file.size:
            raise ModelError(
                f"{file.path.name} has {size:,} bytes instead of {file.size:,}: "
                "it is truncated or another file.",
                remedy,
            )
        if not file.sha256:
            return
        sha256 = hash_file(file.path, progress)
    except FileNotFoundError:
        raise ModelError(f"{file.path} is missing.", remedy) from None
    except OSError as error:
        raise ModelError(f"{file.path} cannot be read: {error.strerror}.", remedy) from error
    if not hmac.compare_digest(sha256, file.sha256):
        raise ModelError(
            f"{file.path.name} is not the file that was released: its SHA-256 differs.", remedy
        )
