"""A Jupyter server with completions, and one browser page that opens its notebooks."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import nbformat
from nbformat.v4 import new_code_cell, new_notebook
from playwright.sync_api import Browser, Page, expect

from jupyter_safecoder.engines.scripted import write_scripted_model
from tests.support.jupyter_server import JupyterServer, jupyter_server
from tests.support.notebook_page import NotebookPage

PYTHON = {
    "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"},
    "language_info": {"name": "python"},
}

_WAIT_S = 15
_ARGUMENTS = (
    "--LabApp.news_url=None",
    "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
    "--LabApp.expose_app_in_browser=True",
    "--JupyterNotebookApp.expose_app_in_browser=True",
    # Each start would run node a dozen times to find language servers.
    "--LanguageServerManager.autodetect=False",
)
_USER_SETTINGS = "config/lab/user-settings"
#: The arguments above turn the news off; this keeps Lab from asking whether to turn them on.
_NOTIFICATIONS = {"fetchNews": "false", "checkForUpdates": False, "doNotDisturbMode": False}


@dataclass
class JupyterSite:
    """A running server and its browser page.

    Parameters
    ----------
    browser
        Opens the page.
    server
        The server.
    directory
        Has the server's notebooks, configuration, runtime files and log.
    app
        The application: ``jupyterlab`` or ``notebook``.
    """

    browser: Browser
    server: JupyterServer
    directory: Path
    app: str
    opened: list[NotebookPage] = field(default_factory=list)
    _page: Page | None = None

    @property
    def page(self) -> Page:
        """The page, loaded at its first use; then the runtime is ready or failed."""
        if self._page is None:
            self.use(self.new_page())
        assert self._page is not None
        return self._page

    def new_page(self) -> Page:
        """Return an empty page in a browser context of its own."""
        return self.browser.new_context(viewport={"width": 1200, "height": 700}).new_page()

    def use(self, page: Page) -> None:
        """Load JupyterLab in this page, and wait until the runtime is ready or failed."""
        self._page = page
        page.goto(f"{self.server.url}/lab?token={self.server.token}")
        page.wait_for_function("window.jupyterapp")
        page.evaluate("window.jupyterapp.restored.then(() => 0)")
        page.evaluate("window.jupyterapp.commands.execute('safecoder:start').then(() => 0)")
        self.expect_state("ready|failed")

    def expect_state(self, pattern: str) -> None:
        """Wait until the status item shows a state that matches."""
        item = self.page.locator("#jupyter-safecoder-status")
        expect(item).to_have_attribute("data-state", re.compile(f"^({pattern})$"), timeout=30_000)

    def notebook(
        self,
        *cells: str | Mapping[str, Any],
        name: str = "",
        metadata: Mapping[str, Any] = PYTHON,
        kernel: bool = False,
    ) -> NotebookPage:
        """Write a notebook and open it.

        Parameters
        ----------
        cells
            Sources of code cells, or whole cells.
        name
            The file name without its suffix; numbered by default.
        metadata
            The metadata of the notebook.
        kernel
            Whether to start a kernel, which takes a second and most tests do not need.
        """
        path = f"{name or f'notebook-{len(self.opened)}'}.ipynb"
        whole = [new_code_cell(cell) if isinstance(cell, str) else cell for cell in cells]
        nbformat.write(
            new_notebook(cells=whole, metadata=dict(metadata)), self.directory / "notebooks" / path
        )
        if self.app == "notebook":
            page = self._page = self._page or self.new_page()
            page.goto(f"{self.server.url}/notebooks/{path}?token={self.server.token}")
        else:
            self.page.evaluate(
                "args => window.jupyterapp.commands.execute('docmanager:open', args).then(() => 0)",
                {"path": path, "kernelPreference": {"shouldStart": kernel}},
            )
        return self.attach(path, len(whole))

    def attach(self, path: str, cells: int) -> NotebookPage:
        """Return the notebook that the page is opening."""
        opened = NotebookPage(self._page or self.page, path, cells)
        self.opened.append(opened)
        return opened

    def status(self) -> dict[str, Any]:
        """Return the runtime's status."""
        response = self.page.request.get(f"{self.server.url}/jupyter-safecoder/status")
        assert response.ok
        return response.json()  # type: ignore[no-any-return]

    def counter(self, name: str) -> int:
        """Return one of the runtime's counters."""
        return int(self.status()["counters"][name])

    def expect_counter(self, name: str, value: int) -> None:
        """Wait until a counter of the runtime has exactly this value."""
        deadline = time.monotonic() + _WAIT_S
        while (now := self.counter(name)) < value and time.monotonic() < deadline:
            self.page.wait_for_timeout(50)
        assert now == value, f"{name}: {now} instead of {value}"

    def close_notebooks(self) -> None:
        """Close the notebooks that a test has opened."""
        for notebook in self.opened:
            notebook.close()
        if self.app != "notebook" and self._page is not None:
            self._page.evaluate(
                """() => Promise.all([...window.jupyterapp.shell.widgets('main')].map(widget =>
                    widget.sessionContext?.shutdown().then(() => widget.dispose())
                )).then(() => 0)"""
            )

    def close_page(self) -> None:
        """Close the page; the next use opens a new one."""
        if self._page is not None:
            self._page.context.close()
            self._page = None

    def reset(self) -> None:
        """Close the page and delete the user's settings of the extension, after a failed test."""
        self.close_page()
        for settings in (self.directory / _USER_SETTINGS).glob("jupyter-safecoder/*"):
            settings.unlink()


@contextmanager
def jupyter_site(
    browser: Browser,
    directory: Path,
    config: Mapping[str, object],
    *,
    app: str = "jupyterlab",
    arguments: Sequence[str] = (),
) -> Iterator[JupyterSite]:
    """Start a server, and yield a site for it.

    Parameters
    ----------
    browser
        Opens the page.
    directory
        Gets the server's notebooks, configuration, runtime files and log.
    config
        Traits of the SafeCoder extension.
    app
        The application: ``jupyterlab`` or ``notebook``.
    arguments
        More command-line arguments of the server.
    """
    settings = directory / _USER_SETTINGS / "@jupyterlab/apputils-extension"
    settings.mkdir(parents=True)
    (settings / "notification.jupyterlab-settings").write_text(json.dumps(_NOTIFICATIONS))
    with jupyter_server(
        directory,
        config,
        app=app,
        arguments=(*_ARGUMENTS, *arguments),
        log=directory / "server.log",
    ) as server:
        site = JupyterSite(browser, server, directory, app)
        try:
            yield site
        finally:
            site.close_page()


def scripted(directory: Path, answers: Sequence[Mapping[str, Any]]) -> dict[str, object]:
    """Write a model that answers from a script, and return the configuration that uses it.

    A prompt without an answer gets an empty completion.
    """
    script = {"answers": list(answers), "otherwise": ""}
    model = write_scripted_model(directory / "model", script)
    return {"engine": "scripted", "model": str(model)}


def is_local(url: str) -> bool:
    """Return whether a URL is on this machine, or needs no machine at all."""
    parts = urlsplit(url)
    return parts.scheme in ("data", "blob", "about") or parts.hostname == "127.0.0.1"
