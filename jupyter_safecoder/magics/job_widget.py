"""A widget that follows a job, with buttons to stop and resume it; text without ipywidgets."""

from __future__ import annotations

import html
import threading
from collections.abc import Callable
from typing import Any

from jupyter_safecoder.errors import SafeCoderError
from jupyter_safecoder.finetune.evaluation.loss_chart import can_draw, draw_losses
from jupyter_safecoder.finetune.jobs.job import Job
from jupyter_safecoder.finetune.jobs.status import JobStatus

from . import display
from .mimebundle import publish
from .tables import html_table


def show_job(job: Job, *, wait: bool) -> None:
    """Display a job, and keep the display up to date until the job is over.

    Parameters
    ----------
    job
        The job.
    wait
        Whether to wait until then, and display the result.
    """
    plain = (
        f"{summary(job.status())}\nIt runs in the background: '%safecoder jobs' shows its status."
    )
    try:
        widget = _JobWidget(job)
    except ImportError:
        print(plain)
    else:
        publish(plain, widget.box._repr_mimebundle_())
        widget.follow_in_background()
    if wait:
        display.result(job.wait())


def summary(status: JobStatus) -> str:
    """Return the status of a job as one line."""
    parts = [f"{status.name}: {status.state}", status.phase]
    if status.total_steps:
        parts.append(f"step {status.step} of {status.total_steps}")
    if status.tokens_per_s:
        parts.append(f"{status.tokens_per_s:.0f} tokens/s")
    if status.eta_s is not None:
        parts.append(f"{status.eta_s / 60:.1f} min of training left")
    elif status.minutes is not None and not status.over:
        parts.append(f"up to {status.minutes:g} min in all")
    if status.val_curve:
        parts.append(f"validation loss {status.val_curve[-1][1]:.3f}")
    if status.over:
        parts.append(f"{status.reason} {status.remedy}".strip())
    return ", ".join(parts)


class _JobWidget:
    """A progress bar, a line of text, a chart of the losses, the scores, and the buttons."""

    def __init__(self, job: Job) -> None:
        import ipywidgets

        self._job = job
        self._can_draw, self._drawn_step = can_draw(), -1
        self._bar = ipywidgets.FloatProgress(min=0, max=1, layout={"width": "60%"})
        self._summary = ipywidgets.HTML()
        self._chart = ipywidgets.Image(format="png", layout={"display": "none"})
        self._stop = ipywidgets.Button(description="Stop", icon="stop")
        self._resume = ipywidgets.Button(description="Resume", icon="play", disabled=True)
        self._scores = ipywidgets.HTML()
        self._stop.on_click(lambda _: self._show_error_of(job.stop))
        self._resume.on_click(lambda _: self._show_error_of(self._resume_job))
        controls = ipywidgets.HBox([self._bar, self._stop, self._resume])
        self.box: Any = ipywidgets.VBox([controls, self._summary, self._chart, self._scores])
        self._update(job.status())

    def follow_in_background(self) -> None:
        """Update the widget until the job is over."""
        threading.Thread(target=self._follow, daemon=True).start()

    def _follow(self) -> None:
        self._show_error_of(lambda: self._job.wait(self._update))

    def _resume_job(self) -> None:
        self._job.resume()
        self.follow_in_background()

    def _show_error_of(self, action: Callable[[], object]) -> None:
        try:
            action()
        except SafeCoderError as error:
            self._summary.value = html.escape(f"{error.reason} {error.remedy}")

    def _update(self, status: JobStatus) -> None:
        self._bar.value = status.progress
        self._summary.value = html.escape(summary(status))
        self._stop.disabled = status.over
        self._resume.disabled = status.state not in ("stopped", "failed")
        if self._can_draw and status.step != self._drawn_step and status.train_curve:
            self._drawn_step = status.step
            self._chart.value = draw_losses(status.train_curve, status.val_curve)
            self._chart.layout.display = ""
        if status.result is not None:
            scores = html_table(display.score_rows(status.result))
            self._scores.value = f"{scores}<p></p>{html_table(status.result['examples'])}"
