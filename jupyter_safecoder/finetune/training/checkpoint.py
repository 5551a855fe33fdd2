"""Checkpoints of a training: one file, which is replaced in one step."""

from __future__ import annotations

import errno
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jupyter_safecoder.files import atomic_write

if TYPE_CHECKING:
    import torch


def save_checkpoint(path: Path, content: dict[str, Any]) -> None:
    """Write a checkpoint; the old one remains until the new one is complete.

    Parameters
    ----------
    path
        Its file.
    content
        Tensors, numbers, strings, and lists and dictionaries of them.

    Raises
    ------
    OSError
        If it cannot be written.
    """
    import torch

    try:
        with atomic_write(path) as stream:
            torch.save(content, stream)
    except RuntimeError as error:
        # torch's writer reports a short write without its cause.
        raise OSError(errno.ENOSPC, "the disk is full", str(path)) from error


def load_checkpoint(path: Path, device: torch.device) -> dict[str, Any] | None:
    """Return the content of a checkpoint, or ``None`` if there is none.

    Parameters
    ----------
    path
        Its file.
    device
        The device of the tensors.
    """
    import torch

    if not path.is_file():
        return None
    content: dict[str, Any] = torch.load(path, map_location=device, weights_only=True)
    return content
