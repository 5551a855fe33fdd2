"""The model that ships with the product, from the first key to the ghost text.

Runs here and, by ``test_loopback_alone.py``, once more where there is no network.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_output
from playwright.sync_api import Browser, expect

from tests.support.jupyter_site import JupyterSite, is_local, jupyter_site
from tests.support.notebook_page import NotebookPage
from tests.support.paths import ROOT

_PICTURE = ROOT / "docs/screenshot.png"
#: Typed into a cell; no file but the notebook may have it.
_MARKER = "zq_private_marker"

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
    """What was seen of a person's work with the embedded model."""

    directory: Path
    urls: list[str] = field(default_factory=list)
    ghosts: dict[str, str] = field(default_factory=dict)
    source: str = ""


@pytest.fixture(scope="module")
def session(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Session:
    """Work for a while with a server that logs all it can, then end it."""
    directory = tmp_path_factory.mktemp("embedded")
    seen = Session(directory)
    with pytest.MonkeyPatch.context() as patch:
        for name, folder in (("HOME", "home"), ("TMPDIR", "tmp"), ("XDG_CACHE_HOME", "cache")):
            (directory / folder).mkdir()
            patch.setenv(name, str(directory / folder))
        with jupyter_site(
            browser, directory, {}, arguments=["--Application.log_level=DEBUG"]
        ) as site:
            browser_page = site.new_page()
            browser_page.on("request", lambda request: seen.urls.append(request.url))
            browser_page.on("websocket", lambda socket: seen.urls.append(socket.url))
            site.use(browser_page)
            _work(site, seen)
    return seen


def test_ghost_at_the_end_of_a_line(session: Session) -> None:
    assert session.ghosts["import"] == "lot as plt"


def test_ghost_in_the_middle_of_a_cell(session: Session) -> None:
    ghost = session.ghosts["scatter"]
    assert ghost.startswith('df["rentals"]')
    assert f'ax.scatter(df["temperature"], {ghost}\nax.set_xlabel' in session.source


def test_the_page_asks_only_its_own_server(session: Session) -> None:
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


def _work(site: JupyterSite, seen: Session) -> None:
    notebook = site.notebook(*_CELLS, name="bikes", kernel=True)
    site.expect_state("ready")
    notebook.command("application:toggle-left-area")
    launcher = notebook.page.locator(".lm-TabBar-tab", has_text="Launcher")
    launcher.locator(".lm-TabBar-tabCloseIcon").click()
    expect(launcher).to_have_count(0)
    notebook.edit(1)
    notebook.type("import matplotlib.pyp", 60)
    seen.ghosts["import"] = _whole_ghost(notebook)
    notebook.press("Tab", "Escape")
    notebook.edit(4, 1)
    notebook.type('ax.scatter(df["temperature"], ', 60)
    seen.ghosts["scatter"] = _whole_ghost(notebook)
    if os.environ.get("SAFECODER_SCREENSHOT") == "1":
        _picture(notebook)
    notebook.press("Tab")
    seen.source = notebook.source(4)
    notebook.edit(5)
    notebook.type(f"{_MARKER} = df[", 60)
    notebook.ghost.wait_for()
    notebook.save()
    # The log and the workspace have been written when the server has ended.


def _whole_ghost(notebook: NotebookPage) -> str:
    """Wait until the answer has ended and return its text."""
    notebook.ghost.wait_for()
    notebook.expect_no_spinner()
    return notebook.ghost.inner_text()


def _picture(notebook: NotebookPage) -> None:
    """Make the README's picture: the notebook alone, its ghost in sight."""
    page = notebook.page
    page.mouse.move(600, 680)
    expect(page.locator(".jp-InlineCompleter")).to_be_hidden()
    expect(notebook.ghost).to_be_visible()
    _PICTURE.parent.mkdir(exist_ok=True)
    page.screenshot(path=_PICTURE)
