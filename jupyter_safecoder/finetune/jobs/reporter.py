"""Writes the status of a job while its worker works, and notices that it should stop."""

from __future__ import annotations

import time

from jupyter_safecoder.errors import JobStopped

from .job_files import JobFiles
from .status import JobStatus

#: Seconds between two writes, unless the phase changes.
_WRITE_S = 0.5
TRAINING, DONE = "Training", "Done"


class StatusReporter:
    """Writes the status of a job.

    Parameters
    ----------
    files
        The files of the job.
    status
        Its status.
    enabled
        Whether to write it; of several processes, one does.
    """

    def __init__(self, files: JobFiles, status: JobStatus, *, enabled: bool = True) -> None:
        self.status = status
        self._files = files
        self._enabled = enabled
        self._written = 0.0

    def report(self, phase: str, progress: float, *, force: bool = False) -> None:
        """Write the phase and the progress of the job.

        Parameters
        ----------
        phase
            What it does, for users.
        progress
            The share that is done, 0 to 1.
        force
            Whether to write it even if the last status was written a moment ago.

        Raises
        ------
        JobStopped
            If a user asked the job to stop, unless it trains, when a checkpoint is written first.
        """
        if not self._enabled:
            return
        now = time.monotonic()
        if phase != self.status.phase or force or now - self._written > _WRITE_S:
            self._written = now
            self.status.phase, self.status.progress = phase, round(progress, 3)
            self._files.write_status(self.status)
        if phase not in (TRAINING, DONE) and self._files.stop_requested():
            raise JobStopped
