"""A notebook in the browser: what a user does and sees there."""

from __future__ import annotations

import json
import re
from functools import cache
from typing import Any

import jsonschema
from playwright.sync_api import Locator, Page, Request, expect

from jupyter_safecoder.protocol import BACKGROUND_TRIGGERS, schema

#: Milliseconds between keys: longer than the pause before a request, so each key can send one.
SLOWLY = 110
#: Without the invisible spacers that Lab leaves after a ghost for a second against layout shifts.
GHOST = ".jp-GhostText:not(.jp-GhostText-lineSpacer, .jp-GhostText-letterSpacer)"


class NotebookPage:
    """One open notebook.

    Parameters
    ----------
    page
        The page that opens it.
    path
        The path of the notebook, relative to the server's root.
    cells
        The number of cells to wait for.
    """

    def __init__(self, page: Page, path: str, cells: int) -> None:
        self.page = page
        self.path = path
        #: The bodies of the completion requests since the notebook was opened.
        self.requests: list[dict[str, Any]] = []
        #: Those of requests in advance.
        self.background: list[dict[str, Any]] = []
        self.root = page.locator(".jp-NotebookPanel:not(.lm-mod-hidden) .jp-Notebook")
        self.cell(0).wait_for()
        page.wait_for_function(
            """([path, cells]) => {
                const panel = window.jupyterapp?.shell?.currentWidget;
                return panel?.context?.path === path && panel.content.widgets.length === cells;
            }""",
            arg=[path, cells],
        )
        # Until then the panel moves the focus itself.
        page.evaluate(
            """() => {
                const { revealed, sessionContext } = window.jupyterapp.shell.currentWidget;
                return Promise.all([revealed, sessionContext.ready]).then(() => 0);
            }"""
        )
        page.on("request", self._on_request)

    @property
    def ghost(self) -> Locator:
        """The ghost text."""
        return self.root.locator(GHOST)

    @property
    def spinner(self) -> Locator:
        """The animation that Lab shows while a completion is streamed."""
        return self.root.locator(".jp-GhostText-streamingIndicator, .jp-GhostText-streaming")

    def cell(self, index: int) -> Locator:
        """Return the element of a cell."""
        return self.root.locator(f'.jp-Cell[data-windowed-list-index="{index}"]')

    def close(self) -> None:
        """Stop recording requests."""
        self.page.remove_listener("request", self._on_request)

    def edit(self, cell: int, line: int | None = None, column: int | None = None) -> None:
        """Put the cursor into a cell.

        Parameters
        ----------
        cell
            The index of the cell.
        line
            The line, from 0; the last one by default.
        column
            The column in UTF-16 code units, from 0; the end of the line by default.
        """
        self.page.evaluate(
            """async ([index, line, column]) => {
                const { content } = window.jupyterapp.shell.currentWidget;
                content.activeCellIndex = index;
                content.mode = 'edit';
                const cell = content.widgets[index];
                await cell.ready;
                const { editor } = cell;
                const last = editor.lineCount - 1;
                editor.setCursorPosition({
                    line: line ?? last,
                    column: column ?? editor.getLine(line ?? last).length
                });
                editor.focus();
            }""",
            [cell, line, column],
        )
        # Playwright's own wait for the focus takes a minute in a notebook of thousands of cells.
        self.page.wait_for_function(
            """index => {
                const editor = document.activeElement?.closest('.cm-content');
                const { widgets } = window.jupyterapp.shell.currentWidget.content;
                return editor && widgets[index].node.contains(editor);
            }""",
            arg=cell,
        )

    def type(self, text: str, delay: float = 0) -> None:
        """Type key by key, with this many milliseconds between two keys."""
        self.page.keyboard.type(text, delay=delay)

    def insert(self, text: str) -> None:
        """Insert text at once, as an input method does: one change, one request."""
        self.page.keyboard.insert_text(text)

    def press(self, *keys: str) -> None:
        """Press keys one after the other."""
        for key in keys:
            self.page.keyboard.press(key)

    def source(self, cell: int) -> str:
        """Return the source of a cell."""
        return str(
            self.page.evaluate(
                """index => window.jupyterapp.shell.currentWidget.content.widgets[index]
                    .model.sharedModel.getSource()""",
                cell,
            )
        )

    def set_source(self, cell: int, literal: str) -> None:
        """Set the source of a cell from outside the editor, to a JavaScript string literal."""
        self.page.evaluate(
            f"""window.jupyterapp.shell.currentWidget.content.widgets[{cell}]
                .model.sharedModel.setSource({literal})"""
        )

    def expect_source(self, cell: int, text: str) -> None:
        """Wait until the source of a cell is this text."""
        self.page.wait_for_function(
            """([index, text]) => window.jupyterapp.shell.currentWidget.content.widgets[index]
                .model.sharedModel.getSource() === text""",
            arg=[cell, text],
        )

    def expect_ghost(self, text: str) -> None:
        """Wait for exactly this ghost text, in this notebook and in no other."""
        self.ghost.wait_for()
        expect(self.ghost).to_have_text(text, use_inner_text=True)
        expect(self.page.locator(GHOST)).to_have_count(1)

    def expect_ghost_part(self, text: str) -> None:
        """Wait for ghost text that contains this text."""
        expect(self.ghost).to_have_text(re.compile(re.escape(text)), use_inner_text=True)

    def expect_no_spinner(self) -> None:
        """Wait until no completion is streamed any more."""
        expect(self.spinner).to_have_count(0)

    def expect_no_ghost(self) -> None:
        """Wait until no notebook shows ghost text."""
        expect(self.page.locator(GHOST)).to_have_count(0)

    def expect_requests(self, count: int) -> None:
        """Wait until exactly this many requests were sent."""
        while len(self.requests) < count:
            self.page.wait_for_event("request", is_completion)
        assert len(self.requests) == count, [body["prefix"][-40:] for body in self.requests]

    def expect_background(self, trigger: str, count: int) -> list[dict[str, Any]]:
        """Wait until exactly this many requests in advance were sent, and return them."""
        while len(sent := [one for one in self.background if _trigger(one) == trigger]) < count:
            self.page.wait_for_event("request", is_completion)
        assert len(sent) == count, [body["prefix"][-40:] for body in sent]
        return sent

    def reveal(self) -> None:
        """Bring the notebook to the front."""
        self.page.locator(".lm-DockPanel-tabBar .lm-TabBar-tab", has_text=self.path).click()
        self.page.wait_for_function(
            "path => window.jupyterapp.shell.currentWidget?.context?.path === path", arg=self.path
        )

    def command(self, command: str) -> None:
        """Execute a command of the application."""
        self.page.evaluate(
            "command => window.jupyterapp.commands.execute(command).then(() => 0)", command
        )

    def save(self) -> None:
        """Save the notebook."""
        self.page.evaluate("window.jupyterapp.shell.currentWidget.context.save().then(() => 0)")

    def _on_request(self, request: Request) -> None:
        if is_completion(request):
            body = json.loads(request.post_data or "")
            _validator().validate(body)
            in_advance = body["options"]["trigger"] in BACKGROUND_TRIGGERS
            (self.background if in_advance else self.requests).append(body)


def _trigger(body: dict[str, Any]) -> str:
    return str(body["options"]["trigger"])


def is_completion(request: Request) -> bool:
    """Return whether a request is a completion request."""
    return request.method == "POST" and "/jupyter-safecoder/completions" in request.url


@cache
def _validator() -> jsonschema.Draft7Validator:
    whole = schema()
    request = whole["definitions"]["CompletionRequest"]
    return jsonschema.Draft7Validator({**request, "definitions": whole["definitions"]})
