"""Decides what a user may do: the grant of the group, its limits, and the state of draining."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from jupyter_safecoder.errors import (
    LimitReached,
    RateLimited,
    RequestDenied,
    UsageUnavailable,
)
from jupyter_safecoder.protocol import Status

from .authenticator import User
from .body_slots import BodySlots
from .flood_guard import FloodGuard
from .limits import Limits
from .policy import Grant
from .policy_file import PolicyFile

_DRAINED_REASON = "An administrator has drained SafeCoder: it accepts no requests for now."
_DRAINED_REMEDY = "Wait until an administrator resumes it; your notebook is not affected."


class PolicyGate:
    """Allows or denies requests.

    Parameters
    ----------
    policy
        The policy file.
    limits
        Counts requests and tokens of users.
    active_adapter
        Returns the adapter that a group has activated, for groups whose policy names none.
    """

    def __init__(
        self, policy: PolicyFile, limits: Limits, active_adapter: Callable[[str], str]
    ) -> None:
        self._policy = policy
        self._limits = limits
        self._active_adapter = active_adapter
        #: Bounds the requests and the bodies of each user, whatever the policy allows.
        self.flood_guard = FloodGuard()
        self.body_slots = BodySlots()
        #: Whether new requests are denied; running ones finish.
        self.draining = False

    def grant(self, user: User, feature: str) -> tuple[str, Grant]:
        """Return the group that counts for a user, and its grant with the adapter filled in.

        Parameters
        ----------
        user
            The authenticated user.
        feature
            One of :data:`~jupyter_safecoder.hub.access.policy.FEATURES`.

        Raises
        ------
        RequestDenied
            If the policy does not allow it, or there is none.
        """
        policy = self._policy.reload_if_changed()
        if policy is None:
            raise RequestDenied(
                503,
                "The policy file is invalid; all requests are denied.",
                "An administrator finds the line and the reason in the service's log.",
                "policy",
            )
        found = policy.grant_for(user.groups)
        if found is None or feature not in found[1].features:
            raise RequestDenied(
                403,
                "Your group is not allowed to use this feature.",
                "Ask an administrator: the policy file lists the groups and their features.",
                "not granted",
            )
        group, grant = found
        return group, replace(grant, adapter=self._adapter(group, grant))

    def check_draining(self) -> None:
        """Deny a request while the service drains.

        Raises
        ------
        RequestDenied
            If it does.
        """
        if self.draining:
            raise RequestDenied(503, _DRAINED_REASON, _DRAINED_REMEDY, "drained")

    async def check_limits(self, recorded_name: str, grant: Grant) -> None:
        """Count a request, and deny it beyond a limit of the grant.

        Parameters
        ----------
        recorded_name
            The name or pseudonym by which the user's tokens are counted.
        grant
            That of the user's group.

        Raises
        ------
        RequestDenied
            If a limit is reached, or the database that counts does not answer.
        """
        try:
            await self._limits.count_request(recorded_name, grant)
        except LimitReached as limit:
            raise RateLimited(limit.reason, limit.retry_after_s, "limit") from None
        except UsageUnavailable:
            raise RequestDenied(
                503,
                "The database that counts tokens does not answer.",
                "Wait a moment, or ask an administrator.",
                "database",
            ) from None

    def drained_status(self) -> Status | None:
        """Return the status to show while the service drains; ``None`` if it does not."""
        return Status("off", _DRAINED_REASON, _DRAINED_REMEDY) if self.draining else None

    def assigned_runtimes(self) -> dict[str, tuple[str, str]] | None:
        """Return the model and adapter of each group; ``None`` while there is no policy."""
        policy = self._policy.reload_if_changed()
        if policy is None:
            return None
        return {
            name: (grant.model, self._adapter(name, grant)) for name, grant in policy.groups.items()
        }

    def reload_policy(self) -> None:
        """Read the policy file now, whether it has changed or not."""
        self._policy.reload()

    def _adapter(self, group: str, grant: Grant) -> str:
        return grant.adapter or self._active_adapter(group)
