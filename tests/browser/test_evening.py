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
#: Rounds before a measurement: the caches of Lab, of the editor and of ours are full then.
_WARM_ROUNDS = 2
#: Rounds without completions, which show what Lab itself leaves over.
_LAB_ROUNDS = 2
#: What a round may add to that. The inspector opens in a split of the dock, whose listeners Lumino
#: keeps, in every third round.
_MORE_LISTENERS, _MORE_NODES, _MORE_HEAP_BYTES = 6, 60, 400_000

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

    def work(typed: Typed, number: int) -> None:
        notebook.edit(0)
        written = Typist(page, Quick(number), typed, 10 * _KEYS).write(_TEXT)
        assert written == _TEXT
        assert notebook.source(0) == _TEXT
        _use_the_rest(notebook)

    notebook.command("safecoder:toggle")
    for number in range(_WARM_ROUNDS + _LAB_ROUNDS):
        if number == _WARM_ROUNDS:
            start = _measure(page, cdp)
        work(Typed(), number)
    lab = _growth(start, _measure(page, cdp), _LAB_ROUNDS)

    notebook.command("safecoder:toggle")
    typed, rounds = Typed(), 0
    while len(typed.kinds) < _KEYS or rounds <= _WARM_ROUNDS:
        if rounds == _WARM_ROUNDS:
            start = _measure(page, cdp)
        work(typed, rounds)
        if rounds % 3 == 0:
            _inspect(notebook)
        rounds += 1
    ours = _growth(start, _measure(page, cdp), rounds - _WARM_ROUNDS)
    assert errors == []
    assert typed.taken > 0
    assert {"type", "take", "wrong", "correct"} == set(typed.kinds)
    more = {name: ours[name] - lab[name] for name in lab}
    assert more["JSEventListeners"] <= _MORE_LISTENERS, (ours, lab)
    assert more["Nodes"] <= _MORE_NODES, (ours, lab)
    assert more["JSHeapUsedSize"] <= _MORE_HEAP_BYTES, (ours, lab)


def _growth(before: dict[str, float], after: dict[str, float], rounds: int) -> dict[str, float]:
    return {name: (after[name] - before[name]) / rounds for name in before}


def _inspect(notebook: NotebookPage) -> None:
    """Inspect the last request, and close the inspector."""
    page = notebook.page
    notebook.edit(0)
    notebook.press("Alt+Shift+I")
    page.locator("#jupyter-safecoder-inspector .jp-SafeCoder-promptSection").first.wait_for()
    page.evaluate(
        """() => [...window.jupyterapp.shell.widgets('main')]
            .filter(widget => widget.id === 'jupyter-safecoder-inspector')
            .forEach(widget => widget.close())"""
    )
    notebook.reveal()


def _use_the_rest(notebook: NotebookPage) -> None:
    """Use what else there is, and leave an empty cell."""
    page = notebook.page
    source = notebook.source(0)
    notebook.press("Control+z", "Control+Shift+z")
    notebook.expect_source(0, source)
    notebook.press("Alt+\\", "Escape")
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
