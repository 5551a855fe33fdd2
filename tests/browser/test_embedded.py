"""Completions of the embedded model, from the first keystroke to the ghost text.

``test_loopback_only.py`` runs these tests without a network, where that can be arranged. Then
``pytest tests/browser`` does not run them with a network as well; naming this file does.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_output
from playwright.sync_api import Browser, Request, expect

from tests.support.jupyter_site import JupyterSite, is_local, jupyter_site
from tests.support.notebook_page import NotebookPage
from tests.support.paths import ROOT

_SCREENSHOT = ROOT / "docs/screenshot.png"
#: Typed into a cell; no file except the notebook may contain it.
_MARKER = "zq_private_marker"
#: Time after a key in which its request is sent.
_KEY_MS = 200

_CELLS = (
    new_markdown_cell(
        "# Bike rentals and the weather\n\n"
        "How many bikes are rented per day, and what does the temperature do to it?"
    ),
    new_code_cell("import pandas as pd\n", execution_count=1),
    new_code_cell(
        'df = pd.read_csv("bikes.csv", parse_dates=["date"])\ndf.head(3)',
        execution_count=2,
        outputs=[
            new_output(
                "execute_result",
                execution_count=2,
                data={
                    "text/plain": "        date  temperature  rentals\n"
                    "0 2026-03-01          6.1      182\n"
                    "1 2026-03-02          7.4      205\n"
                    "2 2026-03-03          4.9      164"
                },
            )
        ],
    ),
    new_markdown_cell("## Warmer days, more bikes?"),
    new_code_cell(
        "fig, ax = plt.subplots(figsize=(8, 4))\n\n"
        'ax.set_xlabel("Temperature")\nax.set_ylabel("Rentals per day")\nplt.show()'
    ),
    new_code_cell(""),
)


@dataclass
class Session:
    """What was recorded while a user worked with the embedded model."""

    directory: Path
    urls: list[str] = field(default_factory=list)
    unanswered: set[Request] = field(default_factory=set)
    ghosts: dict[str, str] = field(default_factory=dict)
    source: str = ""


@pytest.fixture(scope="module")
def session(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Session:
    """Work with a server that logs at the debug level, then stop the server."""
    directory = tmp_path_factory.mktemp("embedded")
    recorded = Session(directory)
    with pytest.MonkeyPatch.context() as patch:
        for name, folder in (("HOME", "home"), ("TMPDIR", "tmp"), ("XDG_CACHE_HOME", "cache")):
            (directory / folder).mkdir()
            patch.setenv(name, str(directory / folder))
        with jupyter_site(
            browser,
            directory,
            {},
            # The embedded model is not sure enough of everything that is tested here.
            arguments=["--Application.log_level=DEBUG", "--SafeCoder.suggestions=many"],
        ) as site:
            browser_page = site.new_page()
            browser_page.on("request", lambda request: recorded.urls.append(request.url))
            browser_page.on("request", lambda request: recorded.unanswered.add(request))
            browser_page.on("requestfinished", lambda request: recorded.unanswered.discard(request))
            browser_page.on("requestfailed", lambda request: recorded.unanswered.discard(request))
            browser_page.on("websocket", lambda socket: recorded.urls.append(socket.url))
            site.use(browser_page)
            _work(site, recorded)
    return recorded


def test_ghost_at_the_end_of_a_line(session: Session) -> None:
    assert session.ghosts["import"] == "plot as plt"


def test_ghost_in_the_middle_of_a_cell(session: Session) -> None:
    ghost = session.ghosts["scatter"]
    assert ghost.startswith('["rentals"]')
    assert f'ax.scatter(df["temperature"], df{ghost}\nax.set_xlabel' in session.source


def test_the_page_connects_only_to_its_own_server(session: Session) -> None:
    assert any(url.startswith("ws:") for url in session.urls)
    assert any("/jupyter-safecoder/completions" in url for url in session.urls)
    assert [url for url in session.urls if not is_local(url)] == []


def test_no_prompt_and_no_suggestion_is_in_any_file(session: Session) -> None:
    files = [path for path in session.directory.rglob("*") if path.is_file()]
    names = {path.relative_to(session.directory).as_posix() for path in files}
    assert {"server.log", "notebooks/bikes.ipynb"} <= names
    assert b"[D " in (session.directory / "server.log").read_bytes()
    for text in (_MARKER, session.ghosts["scatter"], 'ax.scatter(df["temp'):
        spellings = {text.encode(), json.dumps(text)[1:-1].encode()}
        found = {path.name for path in files if any(s in path.read_bytes() for s in spellings)}
        # Jupyter's own checkpoint of the notebook is called bikes-checkpoint.ipynb.
        assert found - {"bikes-checkpoint.ipynb"} == {"bikes.ipynb"}


def _work(site: JupyterSite, recorded: Session) -> None:
    notebook = site.notebook(*_CELLS, name="bikes", kernel=True)
    site.expect_state("ready")
    notebook.command("application:toggle-left-area")
    launcher = notebook.page.locator(".lm-TabBar-tab", has_text="Launcher")
    launcher.locator(".lm-TabBar-tabCloseIcon").click()
    expect(launcher).to_have_count(0)
    notebook.edit(1)
    # With one character more, and without "df" below, two continuations are nearly as likely, and
    # the state of the KV cache decides.
    _type(notebook, recorded, "import matplotlib.py")
    recorded.ghosts["import"] = _final_ghost(notebook)
    notebook.press("Tab", "Escape")
    notebook.edit(4, 1)
    _type(notebook, recorded, 'ax.scatter(df["temperature"], df')
    recorded.ghosts["scatter"] = _final_ghost(notebook)
    if os.environ.get("SAFECODER_SCREENSHOT") == "1":
        _take_screenshot(notebook)
    notebook.press("Tab")
    recorded.source = notebook.source(4)
    notebook.edit(5)
    # The cell above has the same call: no other continuation is nearly as likely.
    _type(notebook, recorded, f'{_MARKER} = ax.scatter(df["temperature"], df')
    _final_ghost(notebook)
    notebook.save()
    # The log and the workspace are complete once the server has stopped.


def _type(notebook: NotebookPage, recorded: Session, text: str) -> None:
    """Type key by key, each when the request of the one before is answered.

    The parts in which a prompt was computed decide its KV cache, and that decides between
    continuations that are nearly as likely, of which an empty one shows nothing.
    """
    for key in text:
        notebook.type(key)
        notebook.page.wait_for_timeout(_KEY_MS)
        while any("/jupyter-safecoder/completions" in r.url for r in recorded.unanswered):
            notebook.page.wait_for_timeout(20)


def _final_ghost(notebook: NotebookPage) -> str:
    """Wait until the completion is final and return its text."""
    notebook.ghost.wait_for()
    notebook.expect_no_spinner()
    return notebook.ghost.inner_text()


def _take_screenshot(notebook: NotebookPage) -> None:
    """Take the screenshot of the README: only the notebook, with its ghost text."""
    page = notebook.page
    page.mouse.move(600, 680)
    expect(page.locator(".jp-InlineCompleter")).to_be_hidden()
    expect(notebook.ghost).to_be_visible()
    _SCREENSHOT.parent.mkdir(exist_ok=True)
    page.screenshot(path=_SCREENSHOT)
