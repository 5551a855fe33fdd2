"""Where prepared models, and what else can be made again, are kept."""

from __future__ import annotations

import os
from pathlib import Path


def cache_directory() -> Path:
    """Return ``$JUPYTER_SAFECODER_CACHE``, or ``safecoder`` in Jupyter's data directory."""
    if chosen := os.environ.get("JUPYTER_SAFECODER_CACHE"):
        return Path(chosen).expanduser()
    from jupyter_core.paths import jupyter_data_dir

    return Path(jupyter_data_dir()) / "safecoder"
