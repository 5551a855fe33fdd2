"""JupyterLab's own requests, as its configuration and its settings allow them."""

from __future__ import annotations

from typing import Any

import pytest

from jupyter_safecoder.privacy.inspectors import INSPECTORS
from jupyter_safecoder.privacy.machine import Machine

LAB = {"jupyterlab": "4.6.6", "jupyter-lsp": "2"}
EXPORT = ("mathjax_url", "mermaid_js_url", "require_js_url", "jquery_url")


class NeverCheckForUpdate:
    """Named like JupyterLab's."""


class S3Contents:
    """A storage."""


def lab(settings: dict[str, Any] | None = None, **config: dict[str, Any]) -> Machine:
    chosen = settings or {}
    return Machine(config=config, packages=LAB, lab_setting=lambda _, name: chosen.get(name))


@pytest.mark.parametrize(
    ("id", "machine", "safe"),
    [
        ("jupyterlab.news", lab({"fetchNews": "none"}), True),
        ("jupyterlab.news", lab({"fetchNews": "false"}), True),
        ("jupyterlab.news", lab({"fetchNews": "true"}), False),
        ("jupyterlab.news", lab({"fetchNews": "true"}, LabApp={"news_url": None}), True),
        ("jupyterlab.updates", lab({"fetchNews": "none", "checkForUpdates": True}), True),
        ("jupyterlab.updates", lab({"fetchNews": "false", "checkForUpdates": True}), False),
        ("jupyterlab.updates", lab({"fetchNews": "true", "checkForUpdates": False}), True),
        (
            "jupyterlab.updates",
            lab(
                {"fetchNews": "true"},
                LabApp={"check_for_updates_class": "jupyterlab.NeverCheckForUpdate"},
            ),
            True,
        ),
        (
            "jupyterlab.updates",
            lab({"fetchNews": "true"}, LabApp={"check_for_updates_class": NeverCheckForUpdate}),
            True,
        ),
        ("jupyterlab.extension_manager", lab({"disclaimed": True}), False),
        ("jupyterlab.extension_manager", lab({"disclaimed": False}), True),
        ("jupyterlab.extension_manager", lab({"disclaimed": True, "enabled": False}), True),
        (
            "jupyterlab.extension_manager",
            lab({"disclaimed": True}, LabApp={"extension_manager": "readonly"}),
            True,
        ),
        ("jupyterlab.extension_listings", lab(), True),
        (
            "jupyterlab.extension_listings",
            lab(LabServerApp={"allowed_extensions_uris": "http://127.0.0.1/a, https://a.example"}),
            False,
        ),
        ("jupyterlab.language_servers", lab({"activate": "off"}), True),
        ("jupyterlab.language_servers", lab({"activate": "on"}), False),
        (
            "jupyterlab.language_servers",
            lab({"activate": "on"}, LanguageServerManager={"autodetect": False}),
            True,
        ),
        ("jupyter.gateway", Machine(), True),
        ("jupyter.gateway", Machine(config={"GatewayClient": {"url": "http://gw"}}), False),
        ("jupyter.gateway", Machine(environment={"JUPYTER_GATEWAY_URL": "http://gw"}), False),
        ("jupyter.gateway", Machine(environment={"JUPYTER_GATEWAY_URL": "http://[::1]"}), True),
        ("jupyter.contents", Machine(), True),
        ("jupyter.contents", lab(ServerApp={"contents_manager_class": S3Contents}), False),
        (
            "jupyter.contents",
            lab(
                ServerApp={
                    "contents_manager_class": "jupyter_server.services.contents."
                    "largefilemanager.AsyncLargeFileManager"
                }
            ),
            True,
        ),
        ("jupyter.other_assistants", Machine(packages={"jupyter-ai": "3"}), False),
        ("jupyter.other_assistants", lab(), True),
        ("jupyter.usage_reporters", Machine(packages={"jupyterlab-pioneer": "1"}), False),
    ],
)
def test_states(id: str, machine: Machine, safe: bool) -> None:
    assert INSPECTORS[id](machine).safe is safe


def test_without_jupyterlab() -> None:
    states = {id: one(Machine()) for id, one in INSPECTORS.items() if id.startswith("jupyterlab.")}
    assert all("not installed" in state.text.lower() for state in states.values())


def test_exported_pages_name_copies() -> None:
    assert INSPECTORS["jupyter.export"](Machine()).to
    copies = dict.fromkeys(EXPORT, "copies/a.js")
    assert INSPECTORS["jupyter.export"](Machine(config={"HTMLExporter": copies})).to == ""
    assert INSPECTORS["jupyter.widgets"](Machine()).safe
