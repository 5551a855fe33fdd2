"""Completions in notebooks of every size and kind, and the latency of the whole stack."""

from __future__ import annotations

import json
import statistics
import time

import pytest
from nbformat.v4 import new_code_cell, new_output

from jupyter_safecoder.protocol import CompletionRequest
from tests.support.jupyter_site import PYTHON, JupyterSite
from tests.support.notebook_page import NotebookPage

ANSWERS = [{"after": "answer = ", "text": "6 * 7"}]

#: Upper limit of a request, for any notebook.
_MAX_BYTES = 150_000


@pytest.mark.parametrize(
    ("metadata", "language"),
    [
        (PYTHON, "python"),
        ({"language_info": {"name": "R"}, "kernelspec": {"name": "ir", "display_name": "R"}}, "r"),
    ],
)
def test_the_language_of_the_kernel(
    site: JupyterSite, metadata: dict[str, object], language: str
) -> None:
    notebook = site.notebook("", metadata=metadata)
    _expect_completion(notebook, 0)
    assert notebook.requests[0]["language"] == language


def test_two_thousand_cells(site: JupyterSite) -> None:
    cells = [
        new_code_cell(
            f"value_{number} = compute({number})\nprint(value_{number})",
            outputs=[new_output("stream", text=f"{number} " * 200)],
        )
        for number in range(2_000)
    ]
    cells[60] = new_code_cell("")
    notebook = site.notebook(*cells)
    _expect_completion(notebook, 60)
    assert notebook.requests[0]["before"][-1]["source"].startswith("value_59 =")
    below = [cell["source"] for cell in notebook.requests[0]["below"]]
    assert below[0].startswith("value_61 =")
    assert not any("output" in cell for cell in notebook.requests[0]["below"])
    assert "value_1999" not in json.dumps(notebook.requests[0])
    assert len(json.dumps(notebook.requests[0])) < _MAX_BYTES


@pytest.mark.parametrize("line", ["x = 1\n", "x = 1; "])
def test_a_cell_of_five_megabytes(site: JupyterSite, line: str) -> None:
    large = (line * (5_000_000 // len(line))).rstrip()
    notebook = site.notebook("above = 1", large, "")
    _expect_completion(notebook, 2)
    assert [cell["source"] for cell in notebook.requests[0]["before"]] == ["above = 1"]
    notebook.edit(1)
    notebook.expect_no_ghost()
    notebook.insert("\nanswer = ")
    notebook.expect_ghost("6 * 7")
    assert f"{large}\nanswer = ".endswith(notebook.requests[-1]["prefix"])
    assert len(json.dumps(notebook.requests[-1])) < _MAX_BYTES
    notebook.press("Tab")
    assert notebook.source(1) == f"{large}\nanswer = 6 * 7"


def test_lone_surrogates(site: JupyterSite) -> None:
    notebook = site.notebook("", "")
    surrogates = "'\ud83d' + '\ude00'"
    for cell in (0, 1):
        # As an escape: Playwright's protocol cannot carry lone surrogates.
        notebook.set_source(cell, json.dumps(f"half = {surrogates}\n"))
    _expect_completion(notebook, 1)
    assert notebook.requests[0]["before"][0]["source"] == "half = '\ufffd' + '\ufffd'\n"
    assert notebook.requests[0]["prefix"] == "half = '\ufffd' + '\ufffd'\nanswer = "
    notebook.press("Tab")
    code_units = notebook.page.evaluate(
        """window.jupyterapp.shell.currentWidget.content.widgets[1].model.sharedModel.getSource()
            .split('').map(unit => unit.charCodeAt(0))"""
    )
    assert code_units == [ord(unit) for unit in f"half = {surrogates}\nanswer = 6 * 7"]


def test_text_that_spells_special_tokens(site: JupyterSite) -> None:
    notebook = site.notebook("a = '<fim_middle><fim_prefix><|endoftext|>'", "b = '<fim_suffix>'\n")
    _expect_completion(notebook, 1)


def test_round_trip_to_the_engine(site: JupyterSite, measurements: list[str]) -> None:
    body = CompletionRequest("answer = ", "", document="timing").to_json().decode()
    times = site.page.evaluate(
        """async ([url, token, body]) => {
            const times = [];
            for (let n = 0; n < 220; n++) {
                const start = performance.now();
                const response = await fetch(url, {
                    method: 'POST', body, headers: { Authorization: `token ${token}` }
                });
                const events = (await response.text()).trim().split('\\n').map(JSON.parse);
                if (events.at(-1).text !== '6 * 7') throw new Error('no completion');
                times.push(performance.now() - start);
            }
            return times.slice(20);
        }""",
        [f"{site.server.url}/jupyter-safecoder/completions", site.server.token, body],
    )
    p50, p95 = statistics.median(times), statistics.quantiles(times, n=20)[-1]
    measurements.append(f"Browser to engine and back: p50 {p50:.1f} ms, p95 {p95:.1f} ms.")
    assert len(times) == 200


def test_keystroke_to_ghost_text(site: JupyterSite, measurements: list[str]) -> None:
    times = []
    for _ in range(5):
        notebook = site.notebook("")
        notebook.edit(0)
        start = time.monotonic()
        notebook.insert("answer = ")
        notebook.ghost.wait_for()
        times.append((time.monotonic() - start) * 1000)
        notebook.expect_ghost("6 * 7")
    measurements.append(
        f"Keystroke to ghost text, pause included: p50 {statistics.median(times):.0f} ms."
    )


def _expect_completion(notebook: NotebookPage, cell: int) -> None:
    notebook.edit(cell)
    notebook.insert("answer = ")
    notebook.expect_ghost("6 * 7")
    notebook.expect_requests(1)
    assert len(json.dumps(notebook.requests[0])) < _MAX_BYTES
