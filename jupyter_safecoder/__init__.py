"""The private code assistant for Jupyter.

Importing this package is cheap on purpose: no torch, no transformers, no openvino. Those live in
the runtime process, which the server extension starts.
"""

from __future__ import annotations

from typing import Any

from ._version import __version__

__all__ = ["__version__", "load_ipython_extension", "unload_ipython_extension"]


def _jupyter_labextension_paths() -> list[dict[str, str]]:
    """Tell JupyterLab where the prebuilt lab extension is."""
    return [{"src": "labextension", "dest": "jupyter-safecoder"}]


def _jupyter_server_extension_points() -> list[dict[str, Any]]:
    """Tell Jupyter Server what to load."""
    from .extension import SafeCoder

    return [{"module": "jupyter_safecoder.extension", "app": SafeCoder}]


def load_ipython_extension(ipython: Any) -> None:
    """Add ``%safecoder``: what ``%load_ext jupyter_safecoder`` calls."""
    from jupyter_safecoder.magics.magic import register

    ipython.safecoder = register(ipython)


def unload_ipython_extension(ipython: Any) -> None:
    """End what the magic has started."""
    ipython.safecoder.close()
