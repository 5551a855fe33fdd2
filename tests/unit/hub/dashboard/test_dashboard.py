"""What the page shows in states that are hard to bring a Hub into."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from tornado.template import Loader

from jupyter_safecoder.finetune.jobs.job import JobStatus
from jupyter_safecoder.hub.access.limits import Limits
from jupyter_safecoder.hub.access.policy_file import PolicyFile
from jupyter_safecoder.hub.accounting.audit_log import AuditLog
from jupyter_safecoder.hub.accounting.audit_writer import AuditWriter
from jupyter_safecoder.hub.accounting.database import Database
from jupyter_safecoder.hub.accounting.pseudonyms import Pseudonyms
from jupyter_safecoder.hub.accounting.record import Record
from jupyter_safecoder.hub.accounting.usage import UsageStore
from jupyter_safecoder.hub.dashboard import formatting as wording
from jupyter_safecoder.hub.dashboard import page
from jupyter_safecoder.hub.dashboard.dashboard import Dashboard
from jupyter_safecoder.hub.dashboard.live_stats import LiveStats
from jupyter_safecoder.hub.service import CompletionService
from jupyter_safecoder.settings import RuntimeSettings

TEMPLATES = Path(page.__file__).parent / "templates"


class Parts:
    """A service that has started nothing, and a board on it."""

    def __init__(self, directory: Path, **more: Any) -> None:
        self.policy = directory / "policy.toml"
        self.policy.write_text('[groups."<i>a&b</i>"]\nadapter = "ours"\ntokens_a_day = 5000\n')
        self.database = Database(f"sqlite:///{directory / 'counts.sqlite'}")
        usages, policy = UsageStore(self.database), PolicyFile(self.policy)
        self.ledger = AuditWriter(AuditLog(directory / "audit"), usages, lambda: 0)
        limits, pseudonyms = Limits(usages.tokens_today), Pseudonyms(directory / "key")
        given = (policy, limits, self.ledger, pseudonyms, lambda group: "")
        service = CompletionService(RuntimeSettings(), *given)
        figures = LiveStats()
        self.board = Dashboard(service, policy, usages, self.ledger, figures, directory, **more)

    def shown(self) -> str:
        """Return the page's changing part."""
        view = asyncio.run(self.board.look())
        words = {name: getattr(wording, name) for name in page._WORDS}
        html = Loader(str(TEMPLATES)).load("board.html")
        return html.generate(view=view, prefix="/", xsrf="x", **words).decode()


def test_an_empty_service(tmp_path: Path) -> None:
    shown = Parts(tmp_path).shown()
    assert "&lt;i&gt;a&amp;b&lt;/i&gt;" in shown
    assert "<i>" not in shown
    assert "It starts when one of its groups opens a notebook." in shown
    assert "5,000" in shown
    assert "Nobody in the last five minutes." in shown
    assert "TrainingService" not in shown


def test_jobs_are_shown_where_there_are_some(tmp_path: Path) -> None:
    job = JobStatus("ours", "running", "TrainingService <b>", 0.4, step=40, total_steps=100)
    failed = JobStatus("old", "failed", reason="The disk is full.")
    shown = Parts(tmp_path, jobs=lambda: [job, failed]).shown()
    assert "TrainingService &lt;b&gt;" in shown
    assert "40 / 100" in shown
    assert "The disk is full." in shown
    (tmp_path / "none").mkdir()
    assert "No job." in Parts(tmp_path / "none", jobs=list).shown()


def test_of_many_people_the_first_are_shown(tmp_path: Path) -> None:
    parts = Parts(tmp_path)
    for number in range(50):
        parts.board.figures.take(Record(f"somebody {number}", outcome="end"))
    shown = parts.shown()
    assert shown.count("somebody ") == 2 * 20
    assert "30 more." in shown


def test_counts_that_cannot_be_read_are_told(tmp_path: Path) -> None:
    parts = Parts(tmp_path)
    with parts.database.engine.begin() as connection:
        connection.execute(text("DROP TABLE usage"))
    assert "The counts cannot be read (OperationalError)." in parts.shown()


def test_what_needs_somebody_is_on_top(tmp_path: Path) -> None:
    parts = Parts(tmp_path)
    parts.policy.write_text("[groups.x]\nadapter = 3\n")
    shutil.rmtree(tmp_path / "audit")
    with pytest.raises(FileNotFoundError):
        parts.ledger.enter(Record("dana", "drain")).result()
    shown = parts.shown()
    assert shown.index("Needs you") < shown.index("line 2: adapter of &#x27;x&#x27;")
    assert "The audit log cannot be written: No such file or directory." in shown
