"""What the dashboard shows in states that are hard to bring a JupyterHub into."""

from __future__ import annotations

import asyncio
import shutil
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from tornado.template import Loader

from jupyter_safecoder.finetune.jobs.status import JobStatus
from jupyter_safecoder.hub.accounting.database import Database
from jupyter_safecoder.hub.accounting.record import Record
from jupyter_safecoder.hub.accounting.suggestion_store import SuggestionStore
from jupyter_safecoder.hub.dashboard import page
from jupyter_safecoder.hub.dashboard.dashboard import Dashboard
from jupyter_safecoder.hub.dashboard.live_stats import LiveStats
from jupyter_safecoder.suggestions import SuggestionCounts
from tests.support.hub_service import make_service

TEMPLATES = Path(page.__file__).parent / "templates"
POLICY = '[groups."<i>a&b</i>"]\nadapter = "ours"\ntokens_per_day = 5000\n'


class Shown:
    """A service that has started nothing, and its dashboard."""

    def __init__(self, directory: Path, **options: Any) -> None:
        self.parts = make_service(directory, POLICY)
        self.dashboard = Dashboard(
            self.parts.service,
            self.parts.policy,
            self.parts.usage,
            self.parts.audit_writer,
            LiveStats(),
            directory,
            **options,
        )

    def html(self) -> str:
        """Return the part of the page that changes."""
        view = asyncio.run(self.dashboard.snapshot())
        template = Loader(str(TEMPLATES)).load("dashboard.html")
        return template.generate(view=view, prefix="/", xsrf="x", **page._FORMATTERS).decode()


def test_an_empty_service(tmp_path: Path) -> None:
    html = Shown(tmp_path).html()
    assert "&lt;i&gt;a&amp;b&lt;/i&gt;" in html
    assert "<i>" not in html
    assert "It starts when one of its groups opens a notebook." in html
    assert "5,000" in html
    assert "No requests in the last five minutes." in html
    assert "Training" not in html


def test_jobs_are_shown_where_there_are_some(tmp_path: Path) -> None:
    job = JobStatus("ours", "running", "Training <b>", 0.4, step=40, total_steps=100)
    failed = JobStatus("old", "failed", reason="The disk is full.")
    html = Shown(tmp_path / "jobs", jobs=lambda: [job, failed]).html()
    assert "Training &lt;b&gt;" in html
    assert "40 / 100" in html
    assert "The disk is full." in html
    assert "No unfinished job." in Shown(tmp_path / "none", jobs=list).html()


def test_of_many_users_the_first_are_shown(tmp_path: Path) -> None:
    shown = Shown(tmp_path)
    for number in range(50):
        shown.dashboard.live_stats.observe(Record(f"user {number}", outcome="end"))
    html = shown.html()
    assert html.count(">user ") == 20
    assert "30 more." in html


def test_suggestions_of_each_group(tmp_path: Path) -> None:
    store = SuggestionStore(Database(f"sqlite:///{tmp_path / 'safecoder.sqlite'}"))
    shown = Shown(tmp_path, suggestions=store)
    assert "No suggestion was reported yet." in shown.html()
    store.add("<b>vision", SuggestionCounts(40, 10, 300, 2, 150, 200))
    html = shown.html()
    assert "&lt;b&gt;vision" in html
    row = html.partition("&lt;b&gt;vision</bdi>")[2].partition("</tr>")[0]
    values = [cell.partition(">")[2].partition("<")[0] for cell in row.split("<td")[1:]]
    assert values == ["40", "10", "25 %", "2", "300", "75 %"]
    assert 'href="/suggestions.csv"' in html
    with shown.parts.database.engine.begin() as connection:
        connection.execute(text("DROP TABLE suggestions"))
    assert "The counts of suggestions cannot be read (OperationalError)." in shown.html()


def test_counts_that_cannot_be_read_are_an_error(tmp_path: Path) -> None:
    shown = Shown(tmp_path)
    with shown.parts.database.engine.begin() as connection:
        connection.execute(text("DROP TABLE usage"))
    assert "The usage counts cannot be read (OperationalError)." in shown.html()


def test_what_requires_action_is_on_top(tmp_path: Path) -> None:
    shown = Shown(tmp_path)
    (tmp_path / "policy.toml").write_text("[groups.x]\nadapter = 3\n")
    shutil.rmtree(tmp_path / "audit")
    with pytest.raises(FileNotFoundError):
        shown.parts.audit_writer.append(Record("dana", "drain")).result()
    html = unescape(shown.html())
    line = "line 2: 'adapter' of 'x' must be of the type string"
    assert html.index("Action required") < html.index(line)
    assert "The audit log cannot be written: No such file or directory." in html
    assert "All requests are denied until it is fixed." in html


def test_the_same_values_are_tiles_and_charts(tmp_path: Path) -> None:
    shown = Shown(tmp_path)
    for outcome, reason in (("end", ""), ("refused", "limit"), ("internal", "")):
        record = Record("ada", outcome=outcome, reason=reason, ttft_ms=50.0, prompt_tokens=10)
        shown.dashboard.live_stats.observe(record)
    view = asyncio.run(shown.dashboard.snapshot())
    tiles = {tile.label: (tile.value, tile.note, tile.level) for tile in view.tiles}
    assert tiles["Active users"] == ("1", "1 in the last 24 h", "")
    assert tiles["Refused, last hour"] == ("1", "1 limit", "")
    assert tiles["Errors, last hour"] == ("1", "1 internal", "error")
    assert tiles["Tokens, last 24 h"][0] == "30"
    assert [chart.title for chart in view.charts] == [
        "Time to first token",
        "Requests per minute",
        "Tokens per minute",
        "Users per 15 minutes",
    ]
    assert all(chart.title in chart.svg for chart in view.charts)
