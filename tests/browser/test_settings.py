"""Defaults that an administrator sets for all users, as the how-to describes them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.support.jupyter_site import JupyterSite, jupyter_site, scripted
from tests.support.paths import ROOT

_ANSWERS = [{"after": "total = su", "text": "m(values)"}]


@pytest.fixture(scope="module")
def server(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[JupyterSite]:
    """Start a JupyterLab with the overrides of the how-to."""
    directory = tmp_path_factory.mktemp("overrides")
    page = (ROOT / "docs/how-to/settings.md").read_text("utf-8")
    found = re.search(r"```json\n(.*?)```", page, re.DOTALL)
    assert found
    overrides = json.loads(found[1])
    provider = overrides["@jupyterlab/completer-extension:inline-completer"]["providers"]
    provider["jupyter-safecoder"]["suggestions"] = "manual"
    settings = directory / "settings"
    settings.mkdir()
    (settings / "overrides.json").write_text(json.dumps(overrides))
    arguments = [f"--LabApp.app_settings_dir={settings}"]
    with jupyter_site(
        browser, directory, scripted(directory, _ANSWERS), arguments=arguments
    ) as site:
        yield site


def test_the_overrides_count(site: JupyterSite) -> None:
    notebook = site.notebook("")
    notebook.edit(0)
    notebook.type("total = su", delay=20)
    notebook.page.wait_for_timeout(600)
    notebook.expect_requests(0)
    notebook.press("Alt+\\")
    notebook.expect_ghost("m(values)")
    assert notebook.requests[-1]["options"]["trigger"] == "explicit"
    notebook.command("safecoder:open-inspector")
    inspector = site.page.locator(".jp-SideBar, #jp-right-stack").locator(
        "#jupyter-safecoder-inspector"
    )
    expect(inspector).to_be_visible()
