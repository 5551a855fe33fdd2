"""What the project of a notebook adds to its requests, and when it is asked for."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from playwright.sync_api import Request, Response

from tests.support.jupyter_site import JupyterSite
from tests.support.notebook_page import SLOWLY, NotebookPage

ANSWERS = [{"after": "cost = gk.pr", "text": "ice(kwh)"}]
CONTEXT = "/jupyter-safecoder/context"


@pytest.fixture
def asked(site: JupyterSite) -> Iterator[list[Request]]:
    """Return the requests for what a project adds."""
    found: list[Request] = []

    def on_request(request: Request) -> None:
        if CONTEXT in request.url:
            found.append(request)

    page = site.page
    page.on("request", on_request)
    yield found
    page.remove_listener("request", on_request)


def _open(site: JupyterSite, name: str) -> NotebookPage:
    """Open a notebook that imports a local module, and put the cursor into its second cell."""
    folder = site.directory / "notebooks" / name
    folder.mkdir(exist_ok=True)
    (folder / "gridkit.py").write_text("def price(kwh):\n    return kwh\n", "utf-8")
    notebook = site.notebook(
        "import gridkit as gk", "", "total = sum(costs)", name=f"{name}/work", kernel=True
    )
    with site.page.expect_response(_is_for_an_empty_cell) as answered:
        notebook.edit(1)
    answered.value.finished()
    site.page.wait_for_timeout(1500)
    return notebook


def _is_for_an_empty_cell(response: Response) -> bool:
    if CONTEXT not in response.url:
        return False
    return bool(json.loads(response.request.post_data or "")["current"] == "")


def test_a_function_of_a_local_module_reaches_the_request(
    site: JupyterSite, asked: list[Request]
) -> None:
    notebook = _open(site, "local-module")
    before = len(asked)
    notebook.type("cost = gk.pr", SLOWLY)
    notebook.expect_ghost("ice(kwh)")
    body = notebook.requests[-1]
    assert body["modules"] == [{"path": "gridkit.py", "text": "def price(kwh): ...\n"}]
    assert body["below"] == [{"type": "code", "source": "total = sum(costs)"}]
    # The empty cell may have been completed before the answer came.
    typed = [one for one in notebook.requests if one["prefix"]]
    assert all(one["modules"] == body["modules"] for one in typed)
    site.page.wait_for_timeout(1000)
    # Nothing was asked for at a key.
    assert len(asked) == before


def test_it_is_asked_for_after_an_execution_and_after_saving(
    site: JupyterSite, asked: list[Request]
) -> None:
    notebook = _open(site, "rest")
    module = site.directory / "notebooks" / "rest" / "gridkit.py"
    module.write_text("def price(kwh, zone):\n    return kwh\n", "utf-8")
    with site.page.expect_response(lambda response: CONTEXT in response.url):
        notebook.save()
    before = len(asked)
    site.page.wait_for_timeout(1000)
    with site.page.expect_response(lambda response: CONTEXT in response.url):
        notebook.command("notebook:run-cell")
    assert len(asked) > before
    site.page.wait_for_timeout(200)
    notebook.edit(1)
    notebook.insert("cost = gk.pr")
    notebook.expect_ghost("ice(kwh)")
    assert notebook.requests[-1]["modules"][0]["text"] == "def price(kwh, zone): ...\n"


def test_sources_that_the_user_does_not_want(site: JupyterSite) -> None:
    settings = site.directory / "config/lab/user-settings/@jupyterlab/completer-extension"
    file = settings / "inline-completer.jupyterlab-settings"
    site.close_page()
    settings.mkdir(parents=True, exist_ok=True)
    sources = {"below": False, "modules": False, "files": True}
    file.write_text(json.dumps({"providers": {"jupyter-safecoder": {"sources": sources}}}))
    try:
        with site.page.expect_request(lambda request: CONTEXT in request.url) as asked:
            notebook = _open(site, "switched-off")
        body = json.loads(asked.value.post_data or "")
        assert (body["modules"], body["files"]) == (False, True)
        notebook.insert("cost = gk.pr")
        notebook.expect_ghost("ice(kwh)")
        request = notebook.requests[-1]
        assert (request["below"], request["modules"]) == ([], [])
    finally:
        file.unlink()
        site.close_page()
