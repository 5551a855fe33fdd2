"""A model's files are checked against their hashes before they are loaded."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable

from jupyter_safecoder.errors import ModelError
from jupyter_safecoder.extras import REINSTALL_LOCAL

from .description import ModelDescription
from .resolve import EMBEDDED

_CHUNK_BYTES = 8 * 2**20
_INSTALL = f"Install the model again: {REINSTALL_LOCAL}."
_GET_AGAIN = "Get the model again: copy or download it anew."


def verify_files(
    model: ModelDescription, progress: Callable[[float], None] = lambda share: None
) -> None:
    """Check the size of the model's files, and the SHA-256 of those whose hash is known.

    Parameters
    ----------
    model
        Whose files to check.
    progress
        Called with the share of bytes read so far, 0 to 1.

    Raises
    ------
    ModelError
        If a file is missing, unreadable, truncated or altered.
    """
    remedy = _INSTALL if model.name == EMBEDDED else _GET_AGAIN
    total = sum(file.size for file in model.files)
    read = 0
    for file in sorted(model.files, key=lambda file: file.size):
        try:
            size = file.path.stat().st_size
            if size != file.size:
                raise ModelError(
                    f"{file.path.name} has {size:,} bytes instead of {file.size:,}: "
                    "it is truncated or another file.",
                    remedy,
                )
            if not file.sha256:
                read += file.size
                continue
            digest = hashlib.sha256()
            with file.path.open("rb") as stream:
                while chunk := stream.read(_CHUNK_BYTES):
                    digest.update(chunk)
                    read += len(chunk)
                    progress(read / total)
        except FileNotFoundError:
            raise ModelError(f"{file.path} is missing.", remedy) from None
        except OSError as error:
            raise ModelError(f"{file.path} cannot be read: {error.strerror}.", remedy) from error
        if not hmac.compare_digest(digest.hexdigest(), file.sha256):
            raise ModelError(
                f"{file.path.name} is not the file that was released: its SHA-256 differs.", remedy
            )
