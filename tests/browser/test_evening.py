"""An evening of use: thousands of keys with every feature on, and nothing is lost or left over."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import CDPSession, ConsoleMessage, Page

from benchmarks.browser import benchmark
from benchmarks.browser.rhythm import Rhythm
from benchmarks.browser.typist import Typed, Typist
from tests.support.jupyter_site import JupyterSite
from tests.support.notebook_page import NotebookPage

_KEYS = 2000
#: Rounds before the first measurement: caches of Lab, of the editor and of ours are full then.
_WARM_ROUNDS = 2
#: What later rounds may add in all: the editor keeps an undo history, Lab the state of its layout.
_MAX_LISTENERS, _MAX_NODES, _MAX_HEAP_BYTES = 30, 600, 6_000_000

_TEXT = """import math

def distance(first, second):
    return math.hypot(first[0] - second[0], first[1] - second[1])

points = [(number, number ** 2) for number in range(20)]
total = sum(distance(a, b) for a, b in zip(points, points[1:]))
assert total > 0"""

#: Right suggestions, wrong ones, one of several lines and one that the model is unsure of.
ANSWERS: list[dict[str, Any]] = [
    {"after": "    return math.", "text": "hypot(first[0] - second[0]"},
    {"after": "points = [(num", "text": "ber, number ** 2) for number in range(20)]"},
    {"after": "total = sum(di", "text": "stance(a, b)"},
    {"after": "def dist", "text": "ance(first, second):\n    return math.hypot("},
    {"after": "assert to", "text": "tally_wrong()"},
    {"after": "import ma", "text": "rshal"},
]


class Quick(Rhythm):
    """A hasty typist, who waits for a suggestion now and then."""

    def pause_ms(self, character: str) -> float:
        """Return a fifth of the pause, or enough for a suggestion."""
        return max(8.0, super().pause_ms(character) / 5) if character not in "bs" else 160.0


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_an_evening_of_use(site: JupyterSite) -> None:
    errors: list[str] = []
    page = site.page
    page.on("console", lambda message: errors.extend(_errors(message)))
    page.on("pageerror", lambda error: errors.append(str(error)))
    probe = Path(benchmark.__file__).with_name("probe.js").read_text()
    page.evaluate(f"() => {{ {probe} }}")
    notebook = site.notebook("", "below = 1", name="evening", kernel=True)
    cdp = page.context.new_cdp_session(page)
    cdp.send("Performance.enable")
    typed, rounds = Typed(), 0
    measured: list[dict[str, float]] = []
    while len(typed.kinds) < _KEYS or len(measured) < 3:
        notebook.edit(0)
        written = Typist(page, Quick(rounds), typed, 10 * _KEYS).write(_TEXT)
        assert written == _TEXT
        assert notebook.source(0) == _TEXT
        _use_the_rest(notebook, rounds)
        rounds += 1
        if rounds > _WARM_ROUNDS:
            measured.append(_measure(page, cdp))
    assert errors == []
    assert typed.taken > 0
    assert {"type", "take", "wrong", "correct"} == set(typed.kinds)
    first, last = measured[0], measured[-1]
    growth = {name: last[name] - first[name] for name in first}
    assert growth["JSEventListeners"] <= _MAX_LISTENERS, growth
    assert growth["Nodes"] <= _MAX_NODES, growth
    assert growth["JSHeapUsedSize"] <= _MAX_HEAP_BYTES, growth


def _use_the_rest(notebook: NotebookPage, number: int) -> None:
    """Use what else there is, and leave an empty cell."""
    page = notebook.page
    source = notebook.source(0)
    notebook.press("Control+z", "Control+Shift+z")
    notebook.expect_source(0, source)
    notebook.press("Alt+\\", "Escape")
    if number % 3 == 0:
        notebook.press("Alt+Shift+I")
        page.locator("#jupyter-safecoder-inspector .jp-SafeCoder-section").first.wait_for()
        page.evaluate(
            """() => [...window.jupyterapp.shell.widgets('main')]
                .filter(widget => widget.id === 'jupyter-safecoder-inspector')
                .forEach(widget => widget.close())"""
        )
        notebook.reveal()
    notebook.command("notebook:run-cell")
    page.wait_for_function(
        """() => window.jupyterapp.shell.currentWidget.sessionContext.session?.kernel?.status
            === 'idle'"""
    )
    notebook.set_source(0, "''")
    # The editor's own history would grow with everything that was typed.
    page.evaluate(
        """() => window.jupyterapp.shell.currentWidget.content.widgets[0]
            .model.sharedModel.clearUndoHistory()"""
    )


def _measure(page: Page, cdp: CDPSession) -> dict[str, float]:
    """Return what is on the heap once everything unused is collected."""
    # Lab keeps spacers of a ghost for a second, and its timers.
    page.wait_for_timeout(1500)
    for _ in range(3):
        cdp.send("HeapProfiler.collectGarbage")
    metrics = cdp.send("Performance.getMetrics")["metrics"]
    values = {metric["name"]: float(metric["value"]) for metric in metrics}
    return {name: values[name] for name in ("JSEventListeners", "Nodes", "JSHeapUsedSize")}


def _errors(message: ConsoleMessage) -> list[str]:
    return [message.text] if message.type == "error" else []
