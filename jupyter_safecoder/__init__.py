"""The private code assistant for Jupyter.

Importing this package is fast: torch, transformers and openvino are imported by the runtime process
alone, which the server extension starts.
"""

from __future__ import annotations

from typing import Any

from ._version import __version__

__all__ = ["__version__", "load_ipython_extension", "unload_ipython_extension"]


def _jupyter_labextension_paths() -> list[dict[str, str]]:
    """Return where JupyterLab finds the prebuilt lab extension."""
    return [{"src": "labextension", "dest": "jupyter-safecoder"}]


def _jupyter_server_extension_points() -> list[dict[str, Any]]:
    """Return the extension that Jupyter Server loads."""
    from .extension import SafeCoder

    return [{"module": "jupyter_safecoder.extension", "app": SafeCoder}]


def load_ipython_extension(ipython: Any) -> None:
    """Add ``%safecoder``: what ``%load_ext jupyter_safecoder`` calls."""
    from jupyter_safecoder.magics.magic import register

    ipython.safecoder = register(ipython)


def unload_ipython_extension(ipython: Any) -> None:
    """Stop what the magic has started."""
    ipython.safecoder.close()
