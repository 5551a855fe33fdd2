"""The adapters of a group: listed, activated, deleted; never those of another group."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

from jupyter_safecoder.adapters.registry import Adapter, Registry
from jupyter_safecoder.errors import FinetuneError
from jupyter_safecoder.finetune.jobs.backends import AdapterInfo, delete_adapter
from jupyter_safecoder.hub.access.authenticator import User
from jupyter_safecoder.hub.access.namespaces import (
    display_name,
    display_names,
    group_prefix,
    qualified_name,
)
from jupyter_safecoder.hub.access.policy import Grant
from jupyter_safecoder.hub.access.policy_file import PolicyFile
from jupyter_safecoder.hub.access.policy_gate import PolicyGate
from jupyter_safecoder.hub.accounting.recorder import Recorder
from jupyter_safecoder.hub.runtimes import Runtimes
from jupyter_safecoder.runtime.loading import resolve_base_model
from jupyter_safecoder.settings import RuntimeSettings

from .training_store import TrainingStore


def group_settings(settings: RuntimeSettings, grant: Grant) -> RuntimeSettings:
    """Return the settings of the base model of a group.

    Parameters
    ----------
    settings
        Those of the service.
    grant
        The group's, which can name a model.
    """
    return replace(settings, model=grant.model or settings.model)


class GroupAdapters:
    """Adapters by group.

    Parameters
    ----------
    settings
        Settings of the base model.
    policy, gate
        The policy file, and what is assigned to groups.
    recorder
        Records what is activated.
    runtimes
        Load an adapter before its group is served with it.
    store
        The active adapter of each group.
    """

    def __init__(
        self,
        settings: RuntimeSettings,
        policy: PolicyFile,
        gate: PolicyGate,
        recorder: Recorder,
        runtimes: Runtimes,
        store: TrainingStore,
    ) -> None:
        self._settings = settings
        self._policy = policy
        self._gate = gate
        self._recorder = recorder
        self._runtimes = runtimes
        self._store = store
        self._registry = Registry(settings.cache)
        self._activating = asyncio.Lock()

    async def list_adapters(self, group: str, grant: Grant) -> list[AdapterInfo]:
        """Return the adapters of a group."""
        return [
            AdapterInfo(replace(adapter.card, name=display_name(name)), name == grant.adapter)
            for name, adapter in (await self._all()).items()
            if name.startswith(group_prefix(group))
        ]

    async def exists(self, qualified: str) -> bool:
        """Return whether there is an adapter of this qualified name."""
        return qualified in await self._all()

    def is_in_use(self, qualified: str) -> bool:
        """Return whether a group is assigned to an adapter, or the policy is unknown."""
        assigned = self._gate.assigned_runtimes()
        return assigned is None or qualified in (adapter for _, adapter in assigned.values())

    def delete(self, qualified: str) -> None:
        """Delete an adapter, and what was made of it."""
        delete_adapter(self._settings.cache, qualified)

    async def activate(
        self, user: User, group: str, grant: Grant, name: str, *, rollback: bool
    ) -> dict[str, Any]:
        """Serve a group with one of its adapters; returns once it is ready.

        Parameters
        ----------
        user
            The user who activates it.
        group, grant
            The user's group, and its grant.
        name
            Name of the adapter; empty: none.
        rollback
            Whether to activate the previous adapter instead.

        Raises
        ------
        FinetuneError
            If there is no such adapter, it does not load, or the policy names another.
        """
        policy = self._policy.reload_if_changed()
        if policy is not None and policy.groups[group].adapter:
            raise FinetuneError(
                "The policy of the Hub's service names the adapter of your group.",
                "Ask an administrator of the Hub.",
            )
        async with self._activating:
            active = self._store.active_adapter(group)
            qualified = qualified_name(group, name) if name else ""
            if rollback:
                qualified = self._store.previous_adapter(group)
            warning = await self._verify(qualified, grant)
            await self._record(user, group, qualified, "loading")
            status = display_names(await self._runtimes.load(grant.model, qualified))
            failed = status.state == "failed"
            if not failed:
                await asyncio.to_thread(self._store.set_active_adapter, group, qualified)
            await self._record(user, group, qualified, "failed" if failed else "in use")
        if failed:
            raise FinetuneError(status.reason, status.remedy)
        return {
            "adapter": display_name(qualified) or None,
            "previous": display_name(active) or None,
            "switched": True,
            "warning": warning,
        }

    async def _all(self) -> dict[str, Adapter]:
        adapters = await asyncio.to_thread(self._registry.all)
        return {adapter.name: adapter for adapter in adapters}

    async def _verify(self, qualified: str, grant: Grant) -> str:
        """Verify the files of an adapter; return why its evaluation did not accept it."""
        if not qualified:
            return ""
        adapter = (await self._all()).get(qualified)
        if adapter is None:
            raise FinetuneError(
                f"Your group has no adapter named {display_name(qualified)}.",
                "'adapters' lists those that it has.",
            )

        def verify() -> None:
            base = resolve_base_model(group_settings(self._settings, grant))
            adapter.verify(self._registry.base_hash(base))

        await asyncio.to_thread(verify)
        return "" if adapter.card.accepted else adapter.card.reason

    async def _record(self, user: User, group: str, qualified: str, outcome: str) -> None:
        recorded = self._recorder.recorded_name(user.name)
        await self._recorder.record_training(recorded, "use adapter", group, qualified, outcome)
