"""Takes care of the groups' jobs: one at a time runs, the others wait; none is lost or endless."""

from __future__ import annotations

import asyncio
import logging
import shutil
import time
from pathlib import Path

from jupyter_safecoder.errors import FinetuneError, RequestDenied
from jupyter_safecoder.finetune.jobs.job import LocalJob
from jupyter_safecoder.finetune.jobs.status import JobStatus
from jupyter_safecoder.hub.access.authenticator import User
from jupyter_safecoder.hub.access.namespaces import qualified_name
from jupyter_safecoder.hub.access.policy import Grant
from jupyter_safecoder.hub.access.policy_file import PolicyFile
from jupyter_safecoder.hub.service import CompletionService

from .training_store import DONE, FAILED, RUNNING, WAITING, TrainingJob, TrainingStore

log = logging.getLogger(__name__)
#: Between two looks, in seconds.
_LOOK_S = 1.0
#: A job is told to stop after its time and a quarter, since it can only guess what it takes; one
#: that does not hear is ended after twice its time.
_STOP, _END = 1.25, 2.0


def over_time(row: TrainingJob, grant: Grant, times: float = _STOP) -> bool:
    """Say whether a job has run for so many times the time that its group may give it."""
    return bool(grant.training_minutes) and row.seconds > times * 60 * grant.training_minutes


class JobScheduler:
    """Starts jobs in the order in which they came, and sees to their end.

    Parameters
    ----------
    service
        Notes what happens, and ends runtimes that nobody needs.
    policy
        The policy file.
    teams
        Has the jobs.
    cache
        The cache directory.
    lock
        Held while jobs are changed.
    """

    def __init__(
        self,
        service: CompletionService,
        policy: PolicyFile,
        teams: TrainingStore,
        cache: Path,
        lock: asyncio.Lock,
    ) -> None:
        self._service = service
        self._policy = policy
        self._teams = teams
        self._cache = cache
        self._lock = lock
        self._seen: dict[int, float] = {}
        self._just_started = True

    async def tend(self) -> None:
        """Go on until cancelled."""
        while True:
            try:
                async with self._lock:
                    await self._look()
                self._service.retire()
            except RequestDenied as refused:
                # What cannot be noted is not done, but later.
                log.warning("Jobs are left as they are: %s", refused.reason)
            except Exception:
                log.exception("Jobs could not be looked at; it is tried again.")
            await asyncio.sleep(_LOOK_S)

    async def see_who_is_over(self) -> list[TrainingJob]:
        """Note the end of jobs that are over; return those that are not. The lock must be held."""
        left = []
        for row in await asyncio.to_thread(self._teams.unfinished):
            if row.state == RUNNING and (status := await self._end_of(row)) is not None:
                await self._note(row, status.state)
                await asyncio.to_thread(self._finish, row, status)
            else:
                left.append(row)
        return left

    async def _look(self) -> None:
        if self._just_started:
            await asyncio.to_thread(self._take_on)
            self._just_started = False
        rows = await self.see_who_is_over()
        for row in rows:
            if row.state == RUNNING:
                await asyncio.to_thread(self._watch, row)
        if rows and all(row.state == WAITING for row in rows):
            await self._begin(rows[0])

    def _take_on(self) -> None:
        """Let jobs whose process ended with an earlier life of the service go on."""
        for row in self._teams.unfinished():
            job = self._job(row)
            if row.state == RUNNING and job.is_orphaned and not job.files.stop_requested():
                self._teams.change(row, WAITING)

    async def _end_of(self, row: TrainingJob) -> JobStatus | None:
        """Return the last status of a job that is over."""
        status = await asyncio.to_thread(self._job(row).status)
        return status if status.over else None

    async def _begin(self, row: TrainingJob) -> None:
        grant = self._grant(row)
        if grant is None:
            return
        job = self._job(row)

        def begin() -> None:
            if "train" not in grant.features:
                raise FinetuneError("The policy lets this group train no more.")
            # In an earlier life of the service it may have begun, and even ended.
            if not job.is_running and job.status().state != "done":
                job.resume()

        await self._note(row, "started")
        try:
            await asyncio.to_thread(begin)
            await asyncio.to_thread(self._teams.change, row, RUNNING)
        except (FinetuneError, OSError) as problem:
            if isinstance(problem, FinetuneError):
                reason, remedy = problem.reason, problem.remedy
            else:
                reason = f"It could not be started: {problem.strerror}."
                remedy = "An administrator must mend that; then resume it."
            status = JobStatus(job.name, "failed", reason=reason, remedy=remedy)
            await asyncio.to_thread(self._fail, row, status)
            await self._note(row, FAILED)

    def _fail(self, row: TrainingJob, status: JobStatus) -> None:
        job = self._job(row)
        self._teams.change(row, FAILED)
        if job.directory.is_dir():
            job.files.write_final(status)

    def _finish(self, row: TrainingJob, status: JobStatus) -> None:
        if status.state == DONE:
            # They were for this job alone; one that may be resumed keeps them.
            sources = self._job(row).directory / "sources"
            if sources.is_dir():
                shutil.rmtree(sources)
        self._teams.change(row, status.state)
        self._seen.pop(row.id, None)

    def _watch(self, row: TrainingJob) -> None:
        now = time.monotonic()
        self._teams.spend(row, now - self._seen.get(row.id, now))
        self._seen[row.id] = now
        grant, job = self._grant(row), self._job(row)
        if grant is None:
            return
        if over_time(row, grant, _END):
            job.kill()
        elif (
            over_time(row, grant) or "train" not in grant.features
        ) and not job.files.stop_requested():
            try:
                job.stop()
            except FinetuneError:
                log.info("A job ended just when it was to be stopped.")

    def _grant(self, row: TrainingJob) -> Grant | None:
        """Return what the job's group may; ``None`` while there is no policy."""
        policy = self._policy.current()
        if policy is None:
            return None
        return policy.groups.get(row.group, Grant(features=frozenset()))

    def _job(self, row: TrainingJob) -> LocalJob:
        return LocalJob(self._cache, qualified_name(row.group, row.name))

    async def _note(self, row: TrainingJob, outcome: str) -> None:
        record = self._service.record(User(row.person, frozenset()), "train", row.group)
        record.outcome, record.adapter = outcome, qualified_name(row.group, row.name)
        await self._service.note(record)
