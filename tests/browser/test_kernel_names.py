"""Prompts have the names in the kernel, which are asked for without disturbing anything."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Request

from tests.support.jupyter_site import JupyterSite
from tests.support.notebook_page import NotebookPage

_COLUMNS = "'district' str, 'turnover' float64"

ANSWERS = [
    # The kernel's names are the last before the cell; the columns are in no cell.
    {"after": f'# trade: DataFrame[1, 2] with {_COLUMNS}trade["tur', "text": 'nover"]'},
    {"after": "with isclose, iscoded, iscoded2helpers_of_trade.isc", "text": "oded(1)"},
]

_SETUP = """import pandas as pd
exec("trade = pd.DataFrame({'dist' + 'rict': ['a'], 'turn' + 'over': [1.5]})")"""


class Asked:
    """The requests for names of a page."""

    def __init__(self, notebook: NotebookPage) -> None:
        self.bodies: list[dict[str, Any]] = []
        self._page = notebook.page
        self._page.on("requestfinished", self._on_request)

    def wait(self, count: int) -> None:
        """Wait until this many requests were answered."""
        for _ in range(300):
            if len(self.bodies) >= count:
                return
            self._page.wait_for_timeout(50)
        raise AssertionError(self.bodies)

    def close(self) -> None:
        """Stop counting."""
        self._page.remove_listener("requestfinished", self._on_request)

    def _on_request(self, request: Request) -> None:
        if re.search(r"/jupyter-safecoder/kernels/[^/]+/names\b", request.url):
            self.bodies.append(dict(request.post_data_json or {}))


@pytest.fixture
def open_notebook(site: JupyterSite) -> Iterator[Any]:
    opened: list[Asked] = []

    def open_with_kernel(*cells: str) -> tuple[NotebookPage, Asked]:
        notebook = site.notebook(*cells, kernel=True)
        opened.append(Asked(notebook))
        _wait_idle(notebook)
        return notebook, opened[-1]

    yield open_with_kernel
    for asked in opened:
        asked.close()


def _wait_idle(notebook: NotebookPage) -> None:
    notebook.page.wait_for_function(
        "window.jupyterapp.shell.currentWidget.sessionContext.session?.kernel?.status === 'idle'"
    )


def _run(notebook: NotebookPage, command: str = "notebook:run-all-cells") -> None:
    notebook.command(command)
    _wait_idle(notebook)


def _kernel(site: JupyterSite) -> dict[str, Any]:
    """Return the server's description of the notebook's kernel."""
    number = site.page.evaluate(
        "() => window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.id"
    )
    response = site.page.request.get(f"{site.server.url}/api/kernels/{number}")
    return dict(response.json())


def _evaluate(notebook: NotebookPage, expression: str) -> str:
    """Return an expression's text, without an execution."""
    return str(
        notebook.page.evaluate(
            """async expression => {
                const { kernel } = window.jupyterapp.shell.currentWidget.sessionContext.session;
                const content = {
                    code: '', silent: true, store_history: false, user_expressions: { expression }
                };
                const reply = await kernel.requestExecute(content).done;
                return reply.content.user_expressions.expression.data['text/plain'];
            }""",
            expression,
        )
    )


def test_a_column_of_a_data_frame(site: JupyterSite, open_notebook: Any) -> None:
    notebook, asked = open_notebook(_SETUP, "trade", "")
    _run(notebook)
    notebook.edit(2)
    asked.wait(1)
    notebook.page.wait_for_timeout(500)
    notebook.type('trade["tur')
    notebook.expect_ghost('nover"]')
    (trade,) = [name for name in notebook.requests[-1]["kernel"] if name["name"] == "trade"]
    assert trade == {
        "name": "trade",
        "type": "DataFrame",
        "shape": [1, 2],
        "columns": [
            {"name": "district", "dtype": "str"},
            {"name": "turnover", "dtype": "float64"},
        ],
    }


def test_members_of_a_module(site: JupyterSite, open_notebook: Any) -> None:
    notebook, asked = open_notebook(
        "import types\nhelpers_of_trade = types.ModuleType('m')\n"
        "for name in ('iscoded', 'iscoded2', 'isclose', 'other'):\n"
        "    setattr(helpers_of_trade, name, len)",
        "",
    )
    _run(notebook)
    asked.wait(1)
    notebook.edit(1)
    notebook.page.wait_for_timeout(600)
    notebook.type("helpers_of_trade.")
    asked.wait(len(asked.bodies) + 1)
    assert asked.bodies[-1] == {"names": [], "members": ["helpers_of_trade"]}
    notebook.type("isc")
    notebook.expect_ghost("oded(1)")
    assert notebook.requests[-1]["kernel"][0]["members"] == ["isclose", "iscoded", "iscoded2"]


def test_nothing_of_it_is_seen(site: JupyterSite, open_notebook: Any) -> None:
    notebook, asked = open_notebook("value = 1", "value", "")
    _run(notebook)
    asked.wait(1)
    notebook.page.wait_for_timeout(1_000)
    state = (
        "str([get_ipython().execution_count, list(get_ipython().history_manager.get_range()), "
        "In, Out, sorted(globals())])"
    )
    before = _evaluate(notebook, state)
    notebook.page.wait_for_timeout(200)
    kernel, count = _kernel(site), len(asked.bodies)
    shown = notebook.root.locator(".jp-InputPrompt").all_inner_texts()
    statuses = notebook.page.evaluate(
        """() => {
            window.statuses = [];
            window.jupyterapp.shell.currentWidget.sessionContext.statusChanged.connect(
                (_, status) => window.statuses.push(status)
            );
            return window.statuses;
        }"""
    )
    assert statuses == []
    # Cells that mention names that were not asked for yet.
    for index in range(3):
        notebook.set_source(2, f"'other{index} = name{index}'")
        notebook.edit(0)
        notebook.edit(2)
        asked.wait(count + index + 1)
    notebook.page.wait_for_timeout(500)
    assert _kernel(site) == kernel
    if "untracked_message_types" in notebook.page.content():  # JupyterLab then passes over them
        assert notebook.page.evaluate("window.statuses") == []
    assert notebook.root.locator(".jp-InputPrompt").all_inner_texts() == shown
    assert _evaluate(notebook, state) == before


def test_run_all_asks_once(site: JupyterSite, open_notebook: Any) -> None:
    notebook, asked = open_notebook(*[f"value{index} = {index}" for index in range(30)])
    notebook.page.wait_for_timeout(1_000)
    asked.wait(1)
    before = len(asked.bodies)
    _run(notebook)
    notebook.page.wait_for_timeout(1_500)
    # The last cell, which is then the active one, may mention names that were not asked for.
    assert 1 <= len(asked.bodies) - before <= 2
