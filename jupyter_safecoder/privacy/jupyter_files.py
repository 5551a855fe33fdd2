"""Reads the configuration files of the Jupyter server, and the settings of JupyterLab."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

#: Names of the files that apply to JupyterLab's server; those of a later one take precedence.
_NAMES = (
    "jupyter_config",
    "jupyter_server_config",
    "jupyter_lab_config",
    "jupyter_jupyter_safecoder_config",
)
log = logging.getLogger(__name__)


def read_jupyter_config() -> Mapping[str, Any]:
    """Return the configuration of the Jupyter server, from its files."""
    from jupyter_core.paths import jupyter_config_path
    from traitlets.config import Application, Config

    config = Config()
    path = jupyter_config_path()
    for name in _NAMES:
        for loaded, _ in Application._load_config_files(name, path=path, log=log):
            config.merge(loaded)
    return config


def lab_setting(plugin: str, name: str) -> Any:
    """Return a setting of JupyterLab: the user's, the administrator's, or its default.

    Parameters
    ----------
    plugin
        Such as ``@jupyterlab/apputils-extension:notification``.
    name
        Of the setting.

    Returns
    -------
    Any
        ``None`` if there is no such plugin.
    """
    try:
        from jupyterlab.commands import (  # type: ignore[import-untyped]
            get_app_dir,
            get_user_settings_dir,
        )
        from jupyterlab_server.settings_utils import get_settings
    except ImportError:
        return None
    from jupyter_core.paths import jupyter_path
    from tornado.web import HTTPError

    app = Path(get_app_dir())
    try:
        found, _ = get_settings(
            str(app / "settings"),
            str(app / "schemas"),
            get_user_settings_dir(),
            schema_name=plugin,
            labextensions_path=jupyter_path("labextensions"),
        )
    except HTTPError:  # no such plugin, or no valid settings
        return None
    default = found["schema"]["properties"].get(name, {}).get("default")
    return found["settings"].get(name, default)
