"""Training for the groups of a JupyterHub: their jobs, their adapters and the scheduler."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace

from jupyter_safecoder.errors import RateLimited, RequestDenied
from jupyter_safecoder.hub.access.authenticator import User
from jupyter_safecoder.hub.access.policy import Grant
from jupyter_safecoder.hub.access.policy_file import PolicyFile
from jupyter_safecoder.hub.constants import TRAIN
from jupyter_safecoder.hub.service import CompletionService
from jupyter_safecoder.settings import RuntimeSettings

from .group_adapters import GroupAdapters
from .group_jobs import GroupJobs
from .job_scheduler import JobScheduler
from .training_store import TrainingStore


class TrainingService:
    """Jobs and adapters of the groups.

    Parameters
    ----------
    service
        Has the policy gate, the recorder and the runtimes.
    policy
        The policy file.
    store
        The jobs and active adapters.
    settings
        Settings of the base model.
    """

    def __init__(
        self,
        service: CompletionService,
        policy: PolicyFile,
        store: TrainingStore,
        settings: RuntimeSettings,
    ) -> None:
        self._gate = service.gate
        #: Held while a submission is read: one takes up to some hundred megabytes.
        self.decoding = asyncio.Lock()
        self._submitting: set[str] = set()
        # The base model is trained, whatever adapter it is served with.
        base = replace(settings, adapter="")
        # Changes of jobs are serialized: those of users and those of the scheduler.
        lock = asyncio.Lock()
        self.scheduler = JobScheduler(service.recorder, policy, store, base.cache, lock)
        self.adapters = GroupAdapters(
            base, policy, service.gate, service.recorder, service.runtimes, store
        )
        self.jobs = GroupJobs(base, service.recorder, store, self.adapters, self.scheduler, lock)

    def grant(self, user: User) -> tuple[str, Grant]:
        """Return the group that a user trains for, and its grant.

        Raises
        ------
        RequestDenied
            If the token has no scope for training, or the policy does not allow it.
        """
        if TRAIN not in user.scopes:
            raise RequestDenied(
                403,
                "You are not allowed to train here.",
                "Ask an administrator: 'trainers' of add_safecoder() names who is.",
                "no scope",
            )
        return self._gate.grant(user, "train")

    def enter_submission(self, group: str) -> Callable[[], None]:
        """Return what ends the submission of a group, which begins now; it may be called twice.

        Raises
        ------
        RateLimited
            If a submission of the group is in progress.
        """
        if group in self._submitting:
            raise RateLimited("Your group submits another job at this moment.", 5.0, "bodies")
        self._submitting.add(group)
        left = False

        def leave() -> None:
            nonlocal left
            if not left:
                left = True
                self._submitting.discard(group)

        return leave
