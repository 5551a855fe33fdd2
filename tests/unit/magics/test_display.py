"""What is displayed of cards, jobs and results."""

from __future__ import annotations

from typing import Any

import pytest

from jupyter_safecoder.adapters.card import Card
from jupyter_safecoder.finetune.jobs.backends import AdapterInfo
from jupyter_safecoder.finetune.jobs.status import JobStatus
from jupyter_safecoder.magics import display
from jupyter_safecoder.protocol import Status

SIDE = {"exact_match": 0.1, "edit_similarity": 0.4, "loss": 2.0}
SCORES = {
    "held_out": {"base": SIDE, "tuned": {**SIDE, "exact_match": 0.3}},
    "general": {"base": SIDE, "tuned": SIDE},
}
CARD = Card(
    *("ours", "tiny", "0" * 64, "1" * 64),
    counts={"trained_on": 5},
    recipe={"rank": 4},
    curves={"train": [[1, 2.0]], "val": [[0, 2.1], [1, 1.9]]},
    scores=SCORES,
    probe={"lines": 12, "memorized": 1, "secrets": 2, "leaked": 0},
    accepted=True,
    reason="Accepted: better.",
    made="2026-11-25",
    by="grace",
)

Published = list[tuple[str, dict[str, Any]]]


@pytest.fixture
def published(monkeypatch: pytest.MonkeyPatch) -> Published:
    """Return what is displayed, as text and in other formats."""
    found: Published = []
    monkeypatch.setattr(display, "publish", lambda plain, formats: found.append((plain, formats)))
    return found


def test_a_card(published: Published) -> None:
    display.report(CARD)
    (text, formats), (losses, chart) = published
    for part in ("secrets leaked", "0 of 2", "1 of 12 long lines", "yes: Accepted", "30.0%"):
        assert part in text
        assert part in formats["text/html"]
    assert losses == "Validation loss: 2.100, 1.900"
    assert chart["image/png"].startswith(b"\x89PNG")


def test_an_imported_adapter_has_no_scores(published: Published) -> None:
    display.report(
        Card("a", "tiny", "", "", {}, {}, {"train": [], "val": []}, {}, {}, False, "", "", "")
    )
    assert "Scores" not in published[0][0]


def test_the_result_of_a_job(published: Published, capsys: pytest.CaptureFixture[str]) -> None:
    result = {**SCORES, "examples": [{"prefix": "x = ", "tuned": "1"}], "accepted": True}
    display.result(JobStatus("ours", "done", reason="Accepted: better.", result=result))
    [(text, _)] = published
    assert text.startswith("ours: Accepted: better.\n")
    assert "held-out notebooks" in text
    assert capsys.readouterr().out == "To serve it: %safecoder use ours\n"


def test_a_job_that_failed(published: Published, capsys: pytest.CaptureFixture[str]) -> None:
    display.result(JobStatus("ours", "failed", reason="The disk is full.", remedy="Free some."))
    assert published == []
    assert capsys.readouterr().out == "ours: failed. The disk is full. Free some.\n"


def test_lists(published: Published) -> None:
    display.jobs([JobStatus("ours", "running", step=3, total_steps=20)])
    display.adapters([AdapterInfo(CARD, in_use=True)])
    display.state(Status("off", "No runtime."), [AdapterInfo(CARD, False)], [])
    display.corpus({"taken": [{"path": "a"}], "left_out": [], "secrets": []})
    display.scores({"tasks": 40, "exact_match": 0.25, "edit_similarity": 0.5})
    display.code("x = '<b>'")
    texts = [text for text, _ in published]
    assert texts[0].startswith("Jobs: 1\n")
    assert "ours  running" in texts[0]
    assert "yes" in texts[1]
    assert "jobs      none" in texts[2]
    assert texts[3].startswith("Taken: 1\n")
    assert "25.0%" in texts[4]
    assert published[5] == ("x = '<b>'", {"text/html": "<pre>x = &#x27;&lt;b&gt;&#x27;</pre>"})
