"""The training jobs of a group: submitted, stopped, resumed, deleted; never those of another."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable
from dataclasses import replace

from jupyter_safecoder.engines.hardware.cpu import available_bytes
from jupyter_safecoder.errors import FinetuneError, RequestDenied
from jupyter_safecoder.finetune.documents import DOCUMENTS_FILE, write_documents_file
from jupyter_safecoder.finetune.jobs.base_model import find_base
from jupyter_safecoder.finetune.jobs.job import LocalJob
from jupyter_safecoder.finetune.jobs.request import JobRequest
from jupyter_safecoder.finetune.jobs.status import JobStatus
from jupyter_safecoder.finetune.training_memory import estimate_memory
from jupyter_safecoder.hub.access.authenticator import User
from jupyter_safecoder.hub.access.namespaces import qualified_name
from jupyter_safecoder.hub.access.policy import Grant
from jupyter_safecoder.hub.accounting.recorder import Recorder
from jupyter_safecoder.settings import RuntimeSettings

from .exclusions import AllowedSubmission
from .group_adapters import GroupAdapters, group_settings
from .job_scheduler import JobScheduler, exceeds_time_limit
from .recipe_limits import limit_recipe
from .training_store import DONE, STOPPED, WAITING, TrainingJob, TrainingStore


class GroupJobs:
    """Training jobs by group.

    Parameters
    ----------
    settings
        Settings of the base model.
    recorder
        Records each change.
    store
        The jobs.
    adapters
        The adapters of the groups.
    scheduler
        Starts the jobs.
    lock
        Held while jobs are changed.
    """

    def __init__(
        self,
        settings: RuntimeSettings,
        recorder: Recorder,
        store: TrainingStore,
        adapters: GroupAdapters,
        scheduler: JobScheduler,
        lock: asyncio.Lock,
    ) -> None:
        self._settings = settings
        self._recorder = recorder
        self._store = store
        self._adapters = adapters
        self._scheduler = scheduler
        self._lock = lock

    async def submit(
        self, user: User, group: str, grant: Grant, allowed: AllowedSubmission
    ) -> JobStatus:
        """Queue a job.

        Parameters
        ----------
        user
            The user who submits it.
        group, grant
            The user's group, and its grant.
        allowed
            What to train on, and how.

        Raises
        ------
        RequestDenied
            If the group has its maximum of jobs, or the job cannot be recorded.
        FinetuneError
            If the name is taken, or a setting of the recipe is not allowed.
        ModelError
            If the model of the group cannot be found.
        OSError
            If the job cannot be written.
        """
        submission = allowed.submission
        qualified = qualified_name(group, submission.name)
        settings, base = await asyncio.to_thread(find_base, group_settings(self._settings, grant))
        recipe = limit_recipe(submission.settings, grant, base)
        memory_bytes = await asyncio.to_thread(estimate_memory, base, recipe)
        async with self._lock:
            await self._check_number(user, group, grant)
            if await self._adapters.exists(qualified):
                raise FinetuneError(
                    f"Your group has an adapter named {submission.name} already.",
                    "Use another name, or delete that adapter.",
                )
            recorded = self._recorder.recorded_name(user.name)
            row = await asyncio.to_thread(self._store.add, group, submission.name, recorded)
            job = LocalJob(self._settings.cache, qualified)
            documents = job.directory / DOCUMENTS_FILE
            request = JobRequest(
                *(qualified, [str(documents)], settings, recipe, recorded),
                base=base.name,
                documents=len(submission.documents),
                excluded_documents=allowed.excluded_documents,
                excluded_cells=allowed.excluded_cells,
                memory_bytes=memory_bytes,
                available_bytes=available_bytes(),
            )

            def write() -> None:
                job.create_stopped(request)
                write_documents_file(documents, submission.documents)
                job.files.reserve_space()

            def undo() -> None:
                shutil.rmtree(job.directory, ignore_errors=True)
                self._store.remove(row)

            try:
                await self._record(user, group, qualified, WAITING)
                await asyncio.to_thread(write)
            except BaseException:
                await asyncio.to_thread(undo)
                raise
        return self._status(row)

    async def list_jobs(self, group: str) -> list[JobStatus]:
        """Return the status of each job of a group."""
        return await asyncio.to_thread(
            lambda: [self._status(row) for row in self._store.jobs(group)]
        )

    def unfinished(self) -> list[JobStatus]:
        """Return the status of the waiting and running jobs of all groups, for administrators."""
        return [
            replace(self._status(row), name=f"{row.name} of {row.group}")
            for row in self._store.unfinished()
        ]

    async def get(self, group: str, name: str) -> JobStatus:
        """Return the status of a job."""
        return await asyncio.to_thread(lambda: self._status(self._row(group, name)))

    async def stop(self, user: User, group: str, name: str) -> JobStatus:
        """Stop a job; it can be resumed."""

        def stop(row: TrainingJob) -> None:
            job = self._job(row)
            if row.state != WAITING:
                job.stop()
                return
            status = job.status()
            status.state, status.reason = "stopped", "It was stopped while it waited."
            status.remedy = "Resume it: it then waits again."
            job.files.write_status(status)
            self._store.set_state(row, STOPPED)

        async with self._lock:
            return await self._change(user, group, name, "stop", stop)

    async def resume(self, user: User, group: str, grant: Grant, name: str) -> JobStatus:
        """Queue a stopped or failed job again; it continues from its last checkpoint."""

        def resume(row: TrainingJob) -> None:
            if row.state == DONE:
                raise FinetuneError(
                    f"The job {name} is done.", "Start another job with another name."
                )
            if not row.is_finished:
                raise FinetuneError(f"The job {name} runs or waits already.")
            if exceeds_time_limit(row, grant):
                raise FinetuneError(
                    f"The job {name} has used its {grant.max_training_minutes:g} minutes.",
                    "Start another with less to train, or ask an administrator for more time.",
                )
            self._job(row).request()
            self._store.set_state(row, WAITING)

        async with self._lock:
            await self._check_number(user, group, grant)
            return await self._change(user, group, name, "resume", resume)

    async def delete(self, user: User, group: str, name: str) -> None:
        """Delete a job, its documents, and the adapter that it made."""
        qualified = qualified_name(group, name)
        async with self._lock:
            rows = await asyncio.to_thread(self._store.jobs, group)
            row = next((row for row in rows if row.name == name), None)
            has_adapter = await self._adapters.exists(qualified)
            if row is None and not has_adapter:
                raise _no_job(name)
            if row is not None and not row.is_finished:
                raise FinetuneError(f"The job {name} runs or waits.", "Stop it first.")
            if has_adapter and self._adapters.is_in_use(qualified):
                raise FinetuneError(
                    f"The adapter {name} is in use.", "Switch back first: 'use --base'."
                )
            await self._record(user, group, qualified, "deleted")

            def delete() -> None:
                if has_adapter:
                    self._adapters.delete(qualified)
                job = LocalJob(self._settings.cache, qualified)
                if job.directory.is_dir():
                    job.delete()
                if row is not None:
                    self._store.remove(row)

            await asyncio.to_thread(delete)

    async def _change(
        self, user: User, group: str, name: str, outcome: str, change: Callable[[TrainingJob], None]
    ) -> JobStatus:
        """Record a change, make it, and return the status after it. The lock must be held."""
        row = await asyncio.to_thread(self._row, group, name)
        await self._record(user, group, qualified_name(group, name), outcome)
        await asyncio.to_thread(change, row)
        return await asyncio.to_thread(self._status, row)

    async def _check_number(self, user: User, group: str, grant: Grant) -> None:
        """Deny another job to a group that has its maximum. The lock must be held."""
        await self._scheduler.reap_finished()
        rows = await asyncio.to_thread(self._store.jobs, group)
        maximum = grant.max_training_jobs
        if maximum and sum(not row.is_finished for row in rows) >= maximum:
            denied = RequestDenied(
                429,
                f"Your group may have {maximum} jobs at a time.",
                "Wait until one is finished, or stop it.",
                "limit",
            )
            self._recorder.record_refusal(user.name, "train", denied)
            raise denied

    def _row(self, group: str, name: str) -> TrainingJob:
        for row in self._store.jobs(group):
            if row.name == name:
                return row
        raise _no_job(name)

    def _job(self, row: TrainingJob) -> LocalJob:
        return LocalJob(self._settings.cache, qualified_name(row.group, row.name))

    def _status(self, row: TrainingJob) -> JobStatus:
        status = replace(self._job(row).status(), name=row.name)
        if status.result:
            status.result = {**status.result, "adapter": row.name}
        if row.state == WAITING:
            status.state, status.phase = "waiting", "Waiting in the queue"
            status.reason = status.remedy = ""
        return status

    async def _record(self, user: User, group: str, qualified: str, outcome: str) -> None:
        recorded = self._recorder.recorded_name(user.name)
        await self._recorder.record_training(recorded, "train", group, qualified, outcome)


def _no_job(name: str) -> RequestDenied:
    return RequestDenied(
        404, f"Your group has no job named {name!r}.", "'jobs' lists those that it has."
    )
