"""Files and consoles in other languages than Python."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, Request, expect

from tests.support.jupyter_site import JupyterSite
from tests.support.notebook_page import GHOST, is_completion

ANSWERS = [
    {"after": "plot_me(", "text": "x, y)"},
    {"after": "\tif ready then\n\t\t", "text": "start(now)\n        wait()\n"},
    {"after": "if (tabs) {\n\t", "text": "first();\n  second();\n"},
    {"after": "function spaces() {\n  ", "text": "first();\n\tsecond();\n"},
]


@pytest.fixture(autouse=True)
def closed_documents(site: JupyterSite) -> Iterator[None]:
    """Close the documents of a test, also those with changes."""
    yield
    site.page.evaluate(
        "() => [...window.jupyterapp.shell.widgets('main')].forEach(widget => widget.dispose())"
    )


def _open_file(site: JupyterSite, name: str, content: str) -> tuple[Page, list[dict[str, Any]]]:
    """Open a file with the cursor at its end; return its requests."""
    (site.directory / "notebooks" / name).write_text(content)
    page = site.page
    sent: list[dict[str, Any]] = []

    def on_request(request: Request) -> None:
        if is_completion(request):
            sent.append(json.loads(request.post_data or ""))

    page.on("request", on_request)
    page.evaluate(
        """async path => {
            const { commands, shell } = window.jupyterapp;
            const widget = await commands.execute(
                'docmanager:open', {path, factory: 'Editor'}
            );
            await widget.context.ready;
            await widget.revealed;
            const { editor } = widget.content;
            const line = editor.lineCount - 1;
            editor.setCursorPosition({line, column: editor.getLine(line).length});
            editor.focus();
        }""",
        name,
    )
    return page, sent


@pytest.mark.parametrize(
    ("name", "language"),
    [
        ("a.R", "r"),
        ("a.jl", "julia"),
        ("a.sql", "sql"),
        ("a.sh", "bash"),
        ("a.js", "javascript"),
        ("a.ts", "typescript"),
        ("a.cpp", "c++"),
        ("a.c", "c"),
        ("a.py", "python"),
        ("a.go", "go"),
        ("a.rs", "rust"),
        ("a.java", "java"),
        ("Dockerfile", "dockerfile"),
    ],
)
def test_a_file_is_completed_in_its_language(site: JupyterSite, name: str, language: str) -> None:
    page, sent = _open_file(site, name, "plot_me")
    page.keyboard.type("(")
    expect(page.locator(GHOST)).to_have_text("x, y)")
    # What the file before has asked for may come late.
    assert {one["language"] for one in sent if one["path"] == name} == {language}
    page.keyboard.press("Tab")


@pytest.mark.parametrize("name", ["a.md", "a.txt", "a.csv", "a.json"])
def test_prose_and_data_are_left_alone(site: JupyterSite, name: str) -> None:
    page, sent = _open_file(site, name, "plot_me")
    page.keyboard.type("(")
    page.keyboard.press("Alt+Backslash")
    page.wait_for_timeout(700)
    expect(page.locator(GHOST)).to_have_count(0)
    assert sent == []


@pytest.mark.parametrize(
    ("name", "content", "ghost"),
    [
        ("tabs.lua", "do\n\tif ready then\n\t\t", "start(now)\n\t\twait()"),
        ("tabs.js", "if (tabs) {\n\t", "first();\n\tsecond();"),
        ("spaces.js", "function spaces() {\n  ", "first();\n  second();"),
    ],
)
def test_a_suggestion_is_indented_as_the_file(
    site: JupyterSite, name: str, content: str, ghost: str
) -> None:
    page, _ = _open_file(site, name, content)
    page.keyboard.press("Alt+Backslash")
    # The whole of it, which is streamed.
    expect(page.locator(GHOST)).to_contain_text(ghost.split()[-1])
    page.keyboard.press("Tab")
    page.wait_for_function(
        """text => window.jupyterapp.shell.currentWidget.content.editor.model.sharedModel
            .getSource() === text""",
        arg=content + ghost,
    )


def test_a_console_asks_in_the_language_of_its_kernel(site: JupyterSite) -> None:
    page = site.page
    sent: list[dict[str, Any]] = []

    def on_request(request: Request) -> None:
        if is_completion(request):
            sent.append(json.loads(request.post_data or ""))

    page.on("request", on_request)
    # A specification in another language than that of the kernel.
    page.evaluate(
        """async () => {
            const { commands, serviceManager } = window.jupyterapp;
            const panel = await commands.execute('console:create', {
                kernelPreference: {name: 'python3'}
            });
            const { sessionContext } = panel;
            await sessionContext.ready;
            const { kernel } = sessionContext.session;
            const info = await kernel.info;
            info.language_info.name = 'Julia';
            panel.console.promptCell.editor.focus();
        }"""
    )
    page.keyboard.type("plot_me(")
    expect(page.locator(GHOST)).to_have_text("x, y)")
    assert sent[-1]["language"] == "julia"
