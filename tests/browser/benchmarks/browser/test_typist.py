"""A typist: what was typed is in the editor in the end, whatever happened on the path to it."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page

from benchmarks.browser import benchmark, typist
from benchmarks.browser.rhythm import Rhythm
from benchmarks.browser.typist import Typed, Typist
from jupyter_safecoder.errors import CheckFailed
from tests.support.jupyter_site import JupyterSite

ANSWERS = [
    {"after": "total = su", "text": "m(values)"},
    {"after": "for value in values", "text": " + others:"},
]
TEXT = """values = [1, 2, 3]
total = sum(values)
for value in values:
    if value > 1:
        total -= value
mean = total / len(values)
print(mean)"""


class Fast(Rhythm):
    """Short pauses and many errors."""

    def pause_ms(self, character: str) -> float:
        """Return a pause in which a suggestion comes."""
        return 500.0 if character in "m:" else 25.0

    def notice_ms(self) -> float:
        """Return a short pause before an error is corrected."""
        return 25.0

    def slip(self, character: str) -> str:
        """Return a wrong key for every seventh letter."""
        self._count = getattr(self, "_count", 0) + 1
        return "x" if character.isalpha() and self._count % 7 == 0 else ""


def _typist(page: Page, typed: Typed, max_keys: int = 10_000) -> Typist:
    probe = Path(benchmark.__file__).with_name("probe.js").read_text()
    page.evaluate(f"() => {{ if (!window.safecoderProbe) {{ {probe} }} }}")
    return Typist(page, Fast(0), typed, max_keys)


def test_the_text_is_what_was_to_be_typed(site: JupyterSite) -> None:
    notebook = site.notebook("")
    notebook.edit(0)
    typed = Typed()
    assert _typist(notebook.page, typed).write(TEXT) == TEXT
    assert notebook.source(0) == TEXT
    assert {"type", "take", "wrong", "correct"} == set(typed.kinds)
    assert typed.taken > 0
    assert typed.taken + typed.agreed <= typed.characters
    keys = notebook.page.evaluate("safecoderProbe.keys.length")
    assert keys == len(typed.kinds)


def test_it_stops_after_the_last_key(site: JupyterSite) -> None:
    notebook = site.notebook("")
    notebook.edit(0)
    typed = Typed()
    written = _typist(notebook.page, typed, max_keys=10).write(TEXT)
    assert TEXT.startswith(written)
    assert 10 <= len(typed.kinds) <= 14


def test_an_editor_that_holds_something_else(
    site: JupyterSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(typist, "_MAX_CORRECTIONS", 30)
    notebook = site.notebook("other text")
    notebook.edit(0, 0, 0)
    notebook.page.evaluate(
        """() => {
            const { editor } = window.jupyterapp.shell.currentWidget.content.activeCell;
            editor.setOption('readOnly', true);
            editor.setCursorPosition({ line: 0, column: 5 });
        }"""
    )
    with pytest.raises(CheckFailed, match="does not hold"):
        _typist(notebook.page, Typed()).write("x")
