"""The cache directory: converted models, and other files that can be made again."""

from __future__ import annotations

import os
from pathlib import Path


def cache_directory() -> Path:
    """Return ``$JUPYTER_SAFECODER_CACHE``, or ``safecoder`` in Jupyter's data directory."""
    if directory := os.environ.get("JUPYTER_SAFECODER_CACHE"):
        return Path(directory).expanduser()
    from jupyter_core.paths import jupyter_data_dir

    return Path(jupyter_data_dir()) / "safecoder"
