"""A widget follows a job; without ipywidgets there is a line of text."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Any

import pytest

from jupyter_safecoder.errors import FinetuneError
from jupyter_safecoder.finetune.jobs.job import Job
from jupyter_safecoder.finetune.jobs.status import JobStatus
from jupyter_safecoder.magics import job_widget
from jupyter_safecoder.magics.job_widget import show_job, summary

RUNNING = JobStatus(
    *("ours", "running", "Training", 0.4, 90.0, 8, 20, 123.4),
    train_curve=[[8, 1.5]],
    val_curve=[[0, 2.0]],
)


class ScriptedJob(Job):
    """A job whose statuses are given."""

    def __init__(self, *statuses: JobStatus) -> None:
        self.name = "ours"
        self.statuses = list(statuses)
        self.calls: list[str] = []

    def status(self) -> JobStatus:
        return self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0]

    def stop(self) -> None:
        self.calls.append("stop")

    def resume(self) -> None:
        raise FinetuneError("It <runs> already.", "Wait.")


def test_the_status_as_a_line() -> None:
    assert summary(RUNNING) == (
        "ours: running, Training, step 8 of 20, 123 tokens/s, 1.5 min of training left, "
        "validation loss 2.000"
    )
    assert summary(JobStatus("ours", "running", "Evaluating", minutes=30.0)) == (
        "ours: running, Evaluating, up to 30 min in all"
    )
    assert summary(JobStatus("ours", "failed", "Done", reason="No.", remedy="Yes.")) == (
        "ours: failed, Done, No. Yes."
    )


def test_without_widgets_there_is_text(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "ipywidgets", None)
    show_job(ScriptedJob(RUNNING), wait=False)
    assert "ours: running, Training" in capsys.readouterr().out


@pytest.fixture
def widgets(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Return the widgets of jobs that are displayed; they follow nothing."""
    made: list[Any] = []
    own = job_widget._JobWidget

    class Recorded(own):  # type: ignore[valid-type, misc]
        def __init__(self, job: Job) -> None:
            super().__init__(job)
            made.append(self)

    monkeypatch.setattr(job_widget, "_JobWidget", Recorded)
    monkeypatch.setattr(job_widget, "publish", lambda plain, formats: None)
    return made


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_the_widget_follows_the_job(widgets: list[Any]) -> None:
    stopped = JobStatus("ours", "stopped", "Training", 0.4, step=8, total_steps=20)
    show_job(ScriptedJob(RUNNING, RUNNING, RUNNING, stopped), wait=False)
    [widget] = widgets
    assert widget._bar.value == 0.4
    assert bytes(widget._chart.value).startswith(b"\x89PNG")
    assert not widget._stop.disabled
    assert widget._resume.disabled
    until(lambda: bool(widget._stop.disabled))
    assert not widget._resume.disabled
    widget._resume.click()
    assert widget._summary.value == "It &lt;runs&gt; already. Wait."


def test_the_buttons(widgets: list[Any]) -> None:
    job = ScriptedJob(RUNNING, JobStatus("ours", "done", result=None))
    show_job(job, wait=True)
    widgets[0]._stop.click()
    assert job.calls == ["stop"]
