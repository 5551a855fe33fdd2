"""The configuration of Jupyter and the settings of JupyterLab are read from their files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from jupyter_safecoder.privacy.jupyter_files import lab_setting, read_jupyter_config

NOTIFICATION = "@jupyterlab/apputils-extension:notification"


@pytest.fixture
def config_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("JUPYTER_CONFIG_DIR", str(tmp_path))
    monkeypatch.delenv("JUPYTERLAB_SETTINGS_DIR", raising=False)
    return tmp_path


def test_files_in_python_and_json(config_directory: Path) -> None:
    (config_directory / "jupyter_server_config.py").write_text("c.SafeCoder.model = 'first'\n")
    (config_directory / "jupyter_lab_config.json").write_text(
        json.dumps({"LabApp": {"news_url": None}, "SafeCoder": {"model": "second"}})
    )
    config = read_jupyter_config()
    assert config["SafeCoder"]["model"] == "second"
    assert config["LabApp"]["news_url"] is None


def test_the_user_s_settings_of_jupyterlab(config_directory: Path) -> None:
    assert lab_setting(NOTIFICATION, "fetchNews") != "true"
    settings = config_directory / "lab/user-settings/@jupyterlab/apputils-extension"
    settings.mkdir(parents=True)
    (settings / "notification.jupyterlab-settings").write_text(
        '{\n  // as the settings editor writes it\n  "fetchNews": "true",\n}'
    )
    assert lab_setting(NOTIFICATION, "fetchNews") == "true"
    assert lab_setting(NOTIFICATION, "checkForUpdates") is True
    assert lab_setting(NOTIFICATION, "other") is None
    assert lab_setting("@jupyterlab/no-extension:plugin", "other") is None
