"""What people do with the jobs and adapters of their group, and of no other."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeVar

from jupyter_safecoder.adapters.registry import Adapter, Registry
from jupyter_safecoder.errors import FinetuneError, RequestDenied
from jupyter_safecoder.finetune.jobs.backends import AdapterInfo, delete_adapter
from jupyter_safecoder.finetune.jobs.job import LocalJob
from jupyter_safecoder.finetune.jobs.request import JobRequest
from jupyter_safecoder.finetune.jobs.status import JobStatus
from jupyter_safecoder.hub.access.authenticator import User
from jupyter_safecoder.hub.access.namespaces import (
    display_name,
    display_names,
    mark,
    qualified_name,
)
from jupyter_safecoder.hub.access.policy import Grant
from jupyter_safecoder.hub.access.policy_file import PolicyFile
from jupyter_safecoder.hub.constants import TRAIN
from jupyter_safecoder.hub.service import CompletionService
from jupyter_safecoder.runtime.loading import resolve_base_model
from jupyter_safecoder.settings import RuntimeSettings

from .job_scheduler import JobScheduler, over_time
from .recipe_limits import limit_recipe
from .submission import JobSubmission, write_sources
from .training_store import DONE, STOPPED, WAITING, TrainingJob, TrainingStore

T = TypeVar("T")


class TrainingService:
    """Jobs and adapters by group; whose group it is, a person's token says.

    Parameters
    ----------
    service
        Says who may what, notes it, and has the runtimes.
    policy
        The policy file.
    teams
        Jobs and choices of the groups.
    settings
        Of the base model.
    """

    def __init__(
        self,
        service: CompletionService,
        policy: PolicyFile,
        teams: TrainingStore,
        settings: RuntimeSettings,
    ) -> None:
        self._service = service
        self._policy = policy
        self._teams = teams
        # What is trained is the base, whatever adapter it is served with.
        self._settings = replace(settings, adapter="")
        self._cache = settings.cache
        self._registry = Registry(self._cache)
        #: One change of jobs at a time, whether a person's or the tender's.
        self._lock = asyncio.Lock()
        self._switching = asyncio.Lock()
        self.tender = JobScheduler(service, policy, teams, self._cache, self._lock)

    def team(self, person: User) -> tuple[str, Grant]:
        """Return the group for which a person trains, and what it may.

        Raises
        ------
        Refused
            If they may not.
        """
        if TRAIN not in person.scopes:
            raise RequestDenied(
                403,
                "You may not train here.",
                "Ask an administrator: 'trainers' of add_safecoder() names those who may.",
                "no scope",
            )
        return self._service.grant(person, "train")

    async def order(self, person: User, order: JobSubmission) -> JobStatus:
        """Take on a job.

        Raises
        ------
        Refused
            If the person or their group may not, or not now.
        FinetuneError
            If the order is no good.
        OSError
            If it cannot be written down.
        """
        group, grant = self.team(person)
        whole = qualified_name(group, order.name)
        recipe = limit_recipe(order.settings, grant)
        async with self._lock:
            await self._room(person, group, grant)
            if whole in await self._there():
                raise FinetuneError(
                    f"Your group has an adapter named {order.name} already.",
                    "Take another name, or delete that one.",
                )
            row = await asyncio.to_thread(self._teams.add, group, order.name, person.name)
            job = LocalJob(self._cache, whole)
            sources = job.directory / "sources"
            request = JobRequest(whole, [str(sources)], self._settings, recipe, person.name)

            def write() -> None:
                job.create_stopped(request)
                write_sources(order.sources, sources)
                job.files.reserve_space()

            def undo() -> None:
                shutil.rmtree(job.directory, ignore_errors=True)
                self._teams.remove(row)

            try:
                await self._note(person, group, whole, "train", WAITING)
                await asyncio.to_thread(write)
            except BaseException:
                await asyncio.to_thread(undo)
                raise
        return self._shown(row)

    async def jobs(self, person: User) -> list[JobStatus]:
        """Return where the jobs of a person's group stand."""
        group, _ = self.team(person)
        return await asyncio.to_thread(
            lambda: [self._shown(row) for row in self._teams.jobs(group)]
        )

    def all_jobs(self) -> list[JobStatus]:
        """Return where the jobs of all groups stand that are not over, for administrators."""
        return [
            replace(self._shown(row), name=f"{row.name} of {row.group}")
            for row in self._teams.unfinished()
        ]

    async def job(self, person: User, name: str) -> JobStatus:
        """Return where a job of a person's group stands."""
        group, _ = self.team(person)
        return await asyncio.to_thread(lambda: self._shown(self._row(group, name)))

    async def stop(self, person: User, name: str) -> JobStatus:
        """Stop a job; it may be resumed."""
        group, _ = self.team(person)

        def stop(row: TrainingJob) -> None:
            job = self._job(row)
            if row.state == WAITING:
                status = job.status()
                status.state, status.reason = "stopped", "Stopped while it waited."
                status.remedy = "Resume it: it waits again."
                job.files.write_status(status)
                self._teams.change(row, STOPPED)
            else:
                job.stop()

        return await self._change(person, group, name, "stop", stop)

    async def resume(self, person: User, name: str) -> JobStatus:
        """Let a job wait for its turn to go on."""
        group, grant = self.team(person)

        def resume(row: TrainingJob) -> None:
            if row.state == DONE:
                raise FinetuneError(f"The job {name} is done.", "Start another, of another name.")
            if not row.over:
                raise FinetuneError(f"The job {name} runs or waits already.")
            if over_time(row, grant):
                raise FinetuneError(
                    f"The job {name} has had its {grant.training_minutes:g} minutes.",
                    "Start another with less to do, or ask an administrator for more time.",
                )
            self._job(row).request()
            self._teams.change(row, WAITING)

        return await self._change(person, group, name, "resume", resume, grant)

    async def delete(self, person: User, name: str) -> None:
        """Delete a job, what it was to learn from, and the adapter that it made."""
        group, _ = self.team(person)
        whole = qualified_name(group, name)
        async with self._lock:
            rows = await asyncio.to_thread(self._teams.jobs, group)
            row = next((row for row in rows if row.name == name), None)
            adapter = whole in await self._there()
            if row is None and not adapter:
                raise _no_job(name)
            if row is not None and not row.over:
                raise FinetuneError(f"The job {name} is not over.", "Stop it first.")
            served = self._service.served()
            if adapter and (served is None or whole in (used for _, used in served.values())):
                raise FinetuneError(
                    f"The adapter {name} is in use.", "Switch back first: 'use --base'."
                )
            await self._note(person, group, whole, "train", "deleted")

            def delete() -> None:
                if adapter:
                    delete_adapter(self._cache, whole)
                job = LocalJob(self._cache, whole)
                if job.directory.is_dir():
                    job.delete()
                if row is not None:
                    self._teams.remove(row)

            await asyncio.to_thread(delete)

    async def adapters(self, person: User) -> list[AdapterInfo]:
        """Return the adapters of a person's group."""
        group, grant = self.team(person)
        return [
            AdapterInfo(replace(adapter.card, name=display_name(whole)), whole == grant.adapter)
            for whole, adapter in (await self._there()).items()
            if whole.startswith(mark(group))
        ]

    async def use(self, person: User, name: str, *, back: bool) -> dict[str, Any]:
        """Serve a group with an adapter from now on; returns once it is ready.

        Raises
        ------
        Refused
            If the person may not.
        FinetuneError
            If there is no such adapter, it does not load, or the policy names another.
        """
        group, grant = self.team(person)
        policy = self._policy.current()
        if policy is not None and policy.groups[group].adapter:
            raise FinetuneError(
                "Which adapter your group has, the policy of the Hub's service says.",
                "Ask an administrator of the Hub.",
            )
        async with self._switching:
            before = self._teams.chosen(group)
            whole = qualified_name(group, name) if name else ""
            if back:
                whole = self._teams.before(group)
            warning = await self._warning(whole)
            await self._note(person, group, whole, "use adapter", "loading")
            status = display_names(await self._service.runtimes.load(grant.model, whole))
            if status.state != "failed":
                await asyncio.to_thread(self._teams.choose, group, whole)
            outcome = "failed" if status.state == "failed" else "in use"
            await self._note(person, group, whole, "use adapter", outcome)
        if status.state == "failed":
            raise FinetuneError(status.reason, status.remedy)
        return {
            "adapter": display_name(whole) or None,
            "before": display_name(before) or None,
            "switched": True,
            "warning": warning,
        }

    async def _change(
        self,
        person: User,
        group: str,
        name: str,
        outcome: str,
        change: Callable[[TrainingJob], None],
        room_in: Grant | None = None,
    ) -> JobStatus:
        async with self._lock:
            if room_in is not None:
                await self._room(person, group, room_in)
            row = await asyncio.to_thread(self._row, group, name)
            await self._note(person, group, qualified_name(group, name), "train", outcome)
            await asyncio.to_thread(change, row)
            return await asyncio.to_thread(self._shown, row)

    async def _room(self, person: User, group: str, grant: Grant) -> None:
        await self.tender.see_who_is_over()
        rows = await asyncio.to_thread(self._teams.jobs, group)
        if grant.training_jobs and sum(not row.over for row in rows) >= grant.training_jobs:
            refused = RequestDenied(
                429,
                f"Your group may have {grant.training_jobs} jobs at a time.",
                "Wait until one is over, or stop it.",
                "limit",
            )
            self._service.refused(person, "train", refused)
            raise refused

    async def _there(self) -> dict[str, Adapter]:
        found = await asyncio.to_thread(self._registry.all)
        return {adapter.name: adapter for adapter in found}

    async def _warning(self, whole: str) -> str:
        """Check an adapter; return why it was not offered."""
        if not whole:
            return ""
        adapter = (await self._there()).get(whole)
        if adapter is None:
            raise FinetuneError(
                f"Your group has no adapter named {display_name(whole)}.", "'adapters' lists them."
            )

        def verify() -> None:
            adapter.verify(self._registry.base_hash(resolve_base_model(self._settings)))

        await asyncio.to_thread(verify)
        return "" if adapter.card.accepted else adapter.card.reason

    def _row(self, group: str, name: str) -> TrainingJob:
        for row in self._teams.jobs(group):
            if row.name == name:
                return row
        raise _no_job(name)

    def _job(self, row: TrainingJob) -> LocalJob:
        return LocalJob(self._cache, qualified_name(row.group, row.name))

    def _shown(self, row: TrainingJob) -> JobStatus:
        status = replace(self._job(row).status(), name=row.name)
        if status.result:
            status.result = {**status.result, "adapter": row.name}
        if row.state == WAITING:
            status.state, status.phase = "waiting", "Waiting for its turn"
            status.reason = status.remedy = ""
        return status

    async def _note(self, person: User, group: str, whole: str, action: str, outcome: str) -> None:
        record = self._service.record(person, action, group)
        record.outcome, record.adapter = outcome, whole
        await self._service.note(record)


def _no_job(name: str) -> RequestDenied:
    return RequestDenied(
        404, f"Your group has no job named {name!r}.", "'jobs' lists those that it has."
    )
