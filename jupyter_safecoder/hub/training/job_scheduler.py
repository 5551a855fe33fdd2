"""Schedules training jobs: one runs at a time, orphans are requeued, overruns are stopped."""

from __future__ import annotations

import asyncio
import logging
import shutil
import time
from pathlib import Path

from jupyter_safecoder.errors import FinetuneError, RequestDenied
from jupyter_safecoder.finetune.documents import DOCUMENTS_FILE
from jupyter_safecoder.finetune.jobs.job import LocalJob
from jupyter_safecoder.finetune.jobs.status import JobStatus
from jupyter_safecoder.hub.access.namespaces import qualified_name
from jupyter_safecoder.hub.access.policy import Grant
from jupyter_safecoder.hub.access.policy_file import PolicyFile
from jupyter_safecoder.hub.accounting.recorder import Recorder

from .job_memory import limit_memory
from .training_store import DONE, FAILED, RUNNING, WAITING, TrainingJob, TrainingStore

log = logging.getLogger(__name__)
#: Seconds between two checks of the jobs.
_POLL_S = 1.0
#: A job estimates its time, so it may run over: it is stopped after 1.25 times its limit, and
#: killed after twice the limit if it does not react.
_STOP_FACTOR, _KILL_FACTOR = 1.25, 2.0
#: Seconds that a job has to write a checkpoint after it was asked to stop; then it is killed: other
#: jobs wait for it.
_STOP_GRACE_S = 60.0
#: Directory of notebooks in the jobs of version 0.1.
_OLD_SOURCES = "sources"


def exceeds_time_limit(job: TrainingJob, grant: Grant, factor: float = _STOP_FACTOR) -> bool:
    """Return whether a job has run for more than so many times its group's limit."""
    limit_s = 60 * grant.max_training_minutes
    return bool(limit_s) and job.seconds > factor * limit_s


class JobScheduler:
    """Starts jobs in the order in which they were submitted, and watches over them.

    Parameters
    ----------
    recorder
        Records what happens.
    policy
        The policy file.
    store
        The jobs.
    cache
        The cache directory.
    lock
        Held while jobs are changed.
    """

    def __init__(
        self,
        recorder: Recorder,
        policy: PolicyFile,
        store: TrainingStore,
        cache: Path,
        lock: asyncio.Lock,
    ) -> None:
        self._recorder = recorder
        self._policy = policy
        self._store = store
        self._cache = cache
        self._lock = lock
        self._timed_until: dict[int, float] = {}
        #: When each job that was asked to stop must have stopped.
        self._stop_until: dict[int, float] = {}
        self._requeued = False

    async def run(self) -> None:
        """Schedule jobs until cancelled."""
        while True:
            try:
                async with self._lock:
                    await self._poll()
            except RequestDenied as denied:
                # What cannot be recorded is not done; the next poll tries again.
                log.warning("Training jobs are not scheduled now: %s", denied.reason)
            except Exception:
                log.exception("Training jobs could not be scheduled; the service tries again.")
            await asyncio.sleep(_POLL_S)

    async def reap_finished(self) -> list[TrainingJob]:
        """Record the end of finished jobs; return the others. The lock must be held."""
        unfinished = []
        for job in await asyncio.to_thread(self._store.unfinished):
            if job.state == RUNNING and (status := await self._final_status(job)) is not None:
                await self._record(job, status.state)
                await asyncio.to_thread(self._finish, job, status)
            else:
                unfinished.append(job)
        return unfinished

    async def _poll(self) -> None:
        if not self._requeued:
            await asyncio.to_thread(self._requeue_orphans)
            self._requeued = True
        jobs = await self.reap_finished()
        for job in jobs:
            if job.state == RUNNING:
                await asyncio.to_thread(self._enforce_limits, job)
        if jobs and all(job.state == WAITING for job in jobs):
            await self._start(jobs[0])

    def _requeue_orphans(self) -> None:
        """Let jobs wait again whose process ended with an earlier process of the service."""
        for job in self._store.unfinished():
            local = self._local_job(job)
            if job.state == RUNNING and local.is_orphaned and not local.files.stop_requested():
                self._store.set_state(job, WAITING)

    async def _final_status(self, job: TrainingJob) -> JobStatus | None:
        """Return the last status of a job that has ended; ``None`` if it has not."""
        status = await asyncio.to_thread(self._local_job(job).status)
        return status if status.over else None

    async def _start(self, job: TrainingJob) -> None:
        grant = self._grant(job)
        if grant is None:
            return
        await self._record(job, "started")
        try:
            await asyncio.to_thread(self._start_process, job, grant)
            await asyncio.to_thread(self._store.set_state, job, RUNNING)
        except (FinetuneError, OSError) as error:
            if isinstance(error, FinetuneError):
                reason, remedy = error.reason, error.remedy
            else:
                reason = f"It could not be started: {error.strerror}."
                remedy = "Ask an administrator to fix that, then resume it."
            status = JobStatus(job.name, "failed", reason=reason, remedy=remedy)
            await asyncio.to_thread(self._fail, job, status)
            await self._record(job, FAILED)

    def _start_process(self, job: TrainingJob, grant: Grant) -> None:
        if "train" not in grant.features:
            raise FinetuneError("The policy does not allow this group to train any more.")
        local = self._local_job(job)
        # An earlier process of the service may have started it, and it may have ended.
        if not local.is_running and local.status().state != "done":
            local.resume()
            if (pid := local.files.read("process")) is not None:
                limit_memory(int(pid))

    def _fail(self, job: TrainingJob, status: JobStatus) -> None:
        local = self._local_job(job)
        self._store.set_state(job, FAILED)
        if local.directory.is_dir():
            local.files.write_final(status)

    def _finish(self, job: TrainingJob, status: JobStatus) -> None:
        if status.state == DONE:
            # The documents were for this job alone; a job that may be resumed keeps them.
            directory = self._local_job(job).directory
            (directory / DOCUMENTS_FILE).unlink(missing_ok=True)
            shutil.rmtree(directory / _OLD_SOURCES, ignore_errors=True)
        self._store.set_state(job, status.state)
        self._timed_until.pop(job.id, None)
        self._stop_until.pop(job.id, None)

    def _enforce_limits(self, job: TrainingJob) -> None:
        now = time.monotonic()
        self._store.add_runtime(job, now - self._timed_until.get(job.id, now))
        self._timed_until[job.id] = now
        grant, local = self._grant(job), self._local_job(job)
        if local.files.stop_requested():
            until = self._stop_until.setdefault(job.id, now + _STOP_GRACE_S)
            if now >= until:
                local.kill()
                return
        if grant is None:
            return
        if exceeds_time_limit(job, grant, _KILL_FACTOR):
            local.kill()
        elif self._must_stop(job, grant) and not local.files.stop_requested():
            try:
                local.stop()
            except FinetuneError:
                log.info("A training job ended just before it was stopped.")

    def _must_stop(self, job: TrainingJob, grant: Grant) -> bool:
        return exceeds_time_limit(job, grant) or "train" not in grant.features

    def _grant(self, job: TrainingJob) -> Grant | None:
        """Return the grant of a job's group; ``None`` while there is no policy."""
        policy = self._policy.reload_if_changed()
        if policy is None:
            return None
        return policy.groups.get(job.group, Grant(features=frozenset()))

    def _local_job(self, job: TrainingJob) -> LocalJob:
        return LocalJob(self._cache, qualified_name(job.group, job.name))

    async def _record(self, job: TrainingJob, outcome: str) -> None:
        qualified = qualified_name(job.group, job.name)
        await self._recorder.record_training(job.user, "train", job.group, qualified, outcome)
