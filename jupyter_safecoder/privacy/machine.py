"""What decides where data goes on this machine: settings, environment, configuration, packages."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from traitlets.config.loader import LazyConfigValue

from jupyter_safecoder.clients.hub_environment import URL_VARIABLE
from jupyter_safecoder.option import options_of
from jupyter_safecoder.settings import RuntimeSettings

from .jupyter_files import lab_setting, read_jupyter_config

#: Value of a setting of JupyterLab: of a plugin, by name.
LabSetting = Callable[[str, str], Any]


@dataclass(frozen=True)
class Machine:
    """What decides where data goes.

    Parameters
    ----------
    settings
        Of the runtime.
    service_url
        URL of a JupyterHub's service; empty: none.
    config
        The configuration of the Jupyter server: a mapping of classes to mappings of traits.
    lab_setting
        Reads a setting of JupyterLab, as the user and the administrator have set it.
    environment
        Environment variables.
    packages
        Versions of the installed packages, by normalized name.
    pip
        Reads pip's settings.
    system
        Name of the operating system.
    intel_consent
        Content of the file that switches the telemetry of OpenVINO: ``0`` is off; empty: no file.
    """

    settings: RuntimeSettings = field(default_factory=RuntimeSettings)
    service_url: str = ""
    config: Mapping[str, Any] = field(default_factory=dict)
    lab_setting: LabSetting = lambda plugin, name: None
    environment: Mapping[str, str] = field(default_factory=dict)
    packages: Mapping[str, str] = field(default_factory=dict)
    pip: Callable[[], Mapping[str, str]] = dict
    system: str = "Linux"
    intel_consent: str = ""

    def trait(self, name: str, default: Any = None) -> Any:
        """Return the configured value of a trait, such as ``LabApp.news_url``."""
        owner, _, trait = name.partition(".")
        value = (self.config.get(owner) or {}).get(trait, default)
        # What a file appends to a list that it has not seen.
        return value.get_value([]) if isinstance(value, LazyConfigValue) else value


def read_machine(
    config: Mapping[str, Any] | None = None, settings: RuntimeSettings | None = None
) -> Machine:
    """Return what decides where data goes on this machine; takes up to some seconds.

    Parameters
    ----------
    config
        The configuration of the running Jupyter server; ``None``: that of the files.
    settings
        Of the runtime; ``None``: those of the configuration.
    """
    from jupyter_safecoder.downloads.package_index import pip_configuration

    if config is None:
        config = read_jupyter_config()
    return Machine(
        configured_settings(config) if settings is None else settings,
        service_url(config, os.environ),
        config,
        lab_setting,
        dict(os.environ),
        installed_packages(),
        pip_configuration,
        platform.system(),
        read_intel_consent(Path.home()),
    )


def configured_settings(config: Mapping[str, Any]) -> RuntimeSettings:
    """Return the settings of a runtime that a configuration describes."""
    section = config.get("SafeCoder") or {}
    names = {option.name for option in options_of(RuntimeSettings)}
    return RuntimeSettings(**{name: section[name] for name in names & set(section)})


def service_url(config: Mapping[str, Any], environment: Mapping[str, str]) -> str:
    """Return the URL of a JupyterHub's service; empty: there is none."""
    section = config.get("SafeCoder") or {}
    return str(section.get("service_url", environment.get(URL_VARIABLE, "")))


def read_intel_consent(home: Path) -> str:
    """Return the content of the file that switches the telemetry of OpenVINO.

    Parameters
    ----------
    home
        The user's home directory.
    """
    try:
        return (home / "intel" / "openvino_telemetry").read_text("ascii").strip()
    except (OSError, ValueError):
        return ""


def installed_packages() -> dict[str, str]:
    """Return the versions of all installed packages, by normalized name."""
    found = {}
    for distribution in importlib.metadata.distributions():
        name: str | None = distribution.metadata["Name"]
        if name:  # of a damaged installation
            found[re.sub(r"[-_.]+", "-", name).lower()] = distribution.version
    return found
