"""A job while it runs: widgets that follow it, and text where there are none."""

from __future__ import annotations

import html
import threading
from typing import Any

from jupyter_safecoder.errors import FinetuneError
from jupyter_safecoder.finetune.evaluation.loss_plot import can_draw, curves_png
from jupyter_safecoder.finetune.jobs.job import Job, JobStatus

from . import display
from . import mimebundle as bundle


def show_job(job: Job, *, wait: bool) -> None:
    """Show a job as it goes on; ``wait`` until it is over."""
    follow(job)
    if wait:
        display.result(job.wait())


def follow(job: Job) -> None:
    """Show a job, and keep what is shown up to date until it is over."""
    status = job.status()
    plain = f"{line(status)}\nIt goes on by itself; '%safecoder jobs' tells where it stands."
    try:
        panel = _Panel(job)
    except ImportError:
        print(plain)
        return
    # Frontends without widgets take the text.
    bundle.show(plain, panel.box._repr_mimebundle_())
    threading.Thread(target=panel.follow, daemon=True).start()


def line(status: JobStatus) -> str:
    """Return where a job stands, in a line."""
    parts = [f"{status.name}: {status.state}", status.phase]
    if status.total:
        parts.append(f"step {status.step} of {status.total}")
    if status.tokens_per_s:
        parts.append(f"{status.tokens_per_s:.0f} tokens/s")
    if status.eta_s is not None:
        parts.append(f"{status.eta_s / 60:.1f} min of training left")
    if status.held_out:
        parts.append(f"held-out loss {status.held_out[-1][1]:.3f}")
    if status.over:
        parts.append(f"{status.reason} {status.remedy}".strip())
    return ", ".join(parts)


class _Panel:
    """Bar, curves, and the buttons."""

    def __init__(self, job: Job) -> None:
        import ipywidgets

        self._job = job
        self._draws, self._drawn = can_draw(), -1
        self._bar = ipywidgets.FloatProgress(min=0, max=1, layout={"width": "60%"})
        self._line = ipywidgets.HTML()
        self._curves = ipywidgets.Image(format="png", layout={"display": "none"})
        self._stop = ipywidgets.Button(description="Stop", icon="stop")
        self._resume = ipywidgets.Button(description="Resume", icon="play", disabled=True)
        self._scores = ipywidgets.HTML()
        self._stop.on_click(lambda _: self._do(job.stop))
        self._resume.on_click(lambda _: self._do(self._go_on))
        buttons = ipywidgets.HBox([self._bar, self._stop, self._resume])
        self.box: Any = ipywidgets.VBox([buttons, self._line, self._curves, self._scores])
        self._update(job.status())

    def follow(self) -> None:
        """Update until the job is over."""
        self._do(lambda: self._job.wait(self._update))

    def _go_on(self) -> None:
        self._job.resume()
        threading.Thread(target=self.follow, daemon=True).start()

    def _do(self, action: Any) -> None:
        try:
            action()
        except FinetuneError as problem:
            self._line.value = html.escape(f"{problem.reason} {problem.remedy}")

    def _update(self, status: JobStatus) -> None:
        self._bar.value = status.share
        self._line.value = html.escape(line(status))
        self._stop.disabled = status.over
        self._resume.disabled = status.state not in ("stopped", "failed")
        if self._draws and status.step != self._drawn and status.curve:
            self._drawn = status.step
            self._curves.value = curves_png(status.curve, status.held_out)
            self._curves.layout.display = ""
        if status.result is not None:
            examples = display.html_table(status.result["examples"])
            self._scores.value = (
                f"{display.html_table(display.score_rows(status.result))}<p></p>{examples}"
            )
