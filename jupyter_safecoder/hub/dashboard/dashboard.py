"""Gathers what the dashboard shows: plain values, no HTML but the charts."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy.exc import SQLAlchemyError

from jupyter_safecoder.adapters.card import Card
from jupyter_safecoder.adapters.registry import Registry
from jupyter_safecoder.hub.access.policy import Policy
from jupyter_safecoder.hub.access.policy_file import PolicyFile
from jupyter_safecoder.hub.accounting.audit_writer import AuditWriter
from jupyter_safecoder.hub.accounting.suggestion_store import SuggestionStore
from jupyter_safecoder.hub.accounting.usage import GroupSuggestions, Usage, UsageStore
from jupyter_safecoder.hub.service import CompletionService
from jupyter_safecoder.protocol import Status
from jupyter_safecoder.suggestions import SuggestionCounts

from .formatting import count, milliseconds
from .live_stats import ActiveUser, AdminAction, ErrorGroup, LiveStats, MinuteBucket
from .svg_charts import Series, plot

if TYPE_CHECKING:
    from jupyter_safecoder.finetune.jobs.status import JobStatus

#: Minutes of a step of the charts, and of the current time to first token.
_STEP, _RECENT = 15, 15
_HOUR = 60
#: Maximum number of users in a table.
_MAX_ROWS = 20
#: Days of the table of suggestions.
_SUGGESTION_DAYS = 7


@dataclass(frozen=True)
class StatTile:
    """A value in large type."""

    label: str
    value: str
    note: str
    level: str = ""


@dataclass(frozen=True)
class Chart:
    """A chart, with the names and styles of its series for the legend."""

    title: str
    series: Sequence[Series]
    svg: str


@dataclass(frozen=True)
class RuntimeInfo:
    """A runtime; empty names mean the service's model and no adapter; memory is in bytes."""

    model: str
    adapter: str
    groups: list[str]
    status: Status
    memory: int | None


@dataclass(frozen=True)
class DashboardView:
    """Everything that the dashboard shows at one moment."""

    now: float
    draining: bool
    alerts: list[str]
    tiles: list[StatTile]
    charts: list[Chart]
    active_users: list[ActiveUser]
    active_user_count: int
    runtimes: list[RuntimeInfo]
    cards: list[Card]
    jobs: list[JobStatus] | None
    policy: Policy | None
    policy_error: str
    usage: list[Usage]
    usage_user_count: int
    usage_error: str
    suggestions: dict[str, SuggestionCounts]
    suggestion_days: int
    suggestion_error: str
    errors: list[ErrorGroup]
    refusals: list[tuple[str, int]]
    actions: list[AdminAction]
    audit_hash: str
    audit_error: str


class Dashboard:
    """Gathers the state of a service.

    Parameters
    ----------
    service, policy, usage, audit_writer, live_stats
        Parts of the service.
    cache
        The cache directory, which has the adapters.
    jobs
        Returns the unfinished training jobs; ``None``: the service does not train.
    suggestions
        Has the counts of suggestions; ``None``: they are not counted.
    """

    def __init__(
        self,
        service: CompletionService,
        policy: PolicyFile,
        usage: UsageStore,
        audit_writer: AuditWriter,
        live_stats: LiveStats,
        cache: Path,
        jobs: Callable[[], list[JobStatus]] | None = None,
        suggestions: SuggestionStore | None = None,
    ) -> None:
        self.service = service
        self.policy = policy
        self.audit_writer = audit_writer
        self.live_stats = live_stats
        self._usage = usage
        self._registry = Registry(cache)
        self._jobs = jobs
        self._suggestions = suggestions

    async def snapshot(self) -> DashboardView:
        """Return what there is to show now."""
        policy = self.policy.reload_if_changed()
        runtimes = await self.runtimes()
        usage, usage_error = await asyncio.to_thread(self._usage_today)
        suggestions, suggestion_error = await asyncio.to_thread(self._last_suggestions)
        adapters = await asyncio.to_thread(self._registry.all)
        jobs = await asyncio.to_thread(self._jobs) if self._jobs else None
        hour, active = self.live_stats.last(_HOUR), self.live_stats.active_users()
        return DashboardView(
            now=self.live_stats.clock(),
            draining=self.service.gate.draining,
            alerts=self._alerts(runtimes),
            tiles=self._tiles(hour, len(active)),
            charts=_charts(*self.live_stats.day(_STEP)),
            active_users=active[:_MAX_ROWS],
            active_user_count=len(active),
            runtimes=runtimes,
            cards=[adapter.card for adapter in adapters],
            jobs=jobs,
            policy=policy,
            policy_error=self.policy.error,
            usage=usage[:_MAX_ROWS],
            usage_user_count=len(usage),
            usage_error=usage_error,
            suggestions=suggestions,
            suggestion_days=_SUGGESTION_DAYS,
            suggestion_error=suggestion_error,
            errors=[*self.live_stats.errors],
            refusals=hour.refusals.most_common(),
            actions=[*self.live_stats.actions],
            audit_hash=self.audit_writer.last_hash,
            audit_error=self.audit_writer.audit_error,
        )

    async def runtimes(self) -> list[RuntimeInfo]:
        """Return the runtimes, and those that are assigned to groups but not started yet."""
        states = await self.service.runtimes.states()
        groups: dict[tuple[str, str], list[str]] = {key: [] for key in states}
        for group, key in (self.service.gate.assigned_runtimes() or {}).items():
            groups.setdefault(key, []).append(group)
        unstarted = Status("off", "It starts when one of its groups opens a notebook."), None
        found = []
        for key, names in sorted(groups.items()):
            status, pid = states.get(key, unstarted)
            found.append(RuntimeInfo(*key, names, status, _resident_bytes(pid)))
        return found

    def suggestion_days(self) -> list[GroupSuggestions]:
        """Return the counts of suggestions of each day and group.

        Raises
        ------
        SQLAlchemyError
            If the database does not answer.
        """
        return self._suggestions.days() if self._suggestions else []

    def _last_suggestions(self) -> tuple[dict[str, SuggestionCounts], str]:
        if self._suggestions is None:
            return {}, ""
        try:
            return self._suggestions.last_days(_SUGGESTION_DAYS), ""
        except SQLAlchemyError as error:
            return {}, f"The counts of suggestions cannot be read ({type(error).__name__})."

    def _usage_today(self) -> tuple[list[Usage], str]:
        try:
            usage = self._usage.users_today()
        except SQLAlchemyError as error:
            return [], f"The usage counts cannot be read ({type(error).__name__})."
        return usage, ""

    def _alerts(self, runtimes: list[RuntimeInfo]) -> list[str]:
        alerts = []
        if self.policy.error:
            alerts.append(f"{self.policy.error} All requests are denied until it is fixed.")
        if self.audit_writer.audit_error:
            alerts.append(f"{self.audit_writer.audit_error} All requests are denied.")
        if self.audit_writer.count_error:
            alerts.append(f"{self.audit_writer.count_error} They will be counted later.")
        for runtime in runtimes:
            if runtime.status.state == "failed":
                alerts.append(f"{runtime.status.reason} {runtime.status.remedy}")
        return alerts

    def _tiles(self, hour: MinuteBucket, active_users: int) -> list[StatTile]:
        recent, day = self.live_stats.last(_RECENT), self.live_stats.last(24 * _HOUR)
        dispatcher = self.service.dispatcher
        return [
            StatTile(
                "Active users", count(active_users), f"{count(day.user_count)} in the last 24 h"
            ),
            StatTile(
                "Time to first token",
                milliseconds(recent.ttft.quantile(0.5)),
                f"p95 {milliseconds(recent.ttft.quantile(0.95))}, last {_RECENT} min",
            ),
            StatTile(
                "Requests per minute",
                count(recent.requests / _RECENT),
                f"{count(day.requests)} in the last 24 h",
            ),
            StatTile(
                "Tokens, last 24 h",
                count(day.prompt_tokens + day.completion_tokens),
                f"{count(day.completion_tokens)} of completions",
            ),
            StatTile(
                "In progress", count(dispatcher.running), f"{count(dispatcher.waiting)} waiting"
            ),
            StatTile("Refused, last hour", count(hour.refused), _most_common(hour.refusals)),
            StatTile(
                "Errors, last hour",
                count(hour.failed),
                _most_common(hour.errors),
                "error" if hour.failed else "",
            ),
        ]


def _most_common(counter: Counter[str]) -> str:
    """Return the two most common reasons with their numbers."""
    return ", ".join(
        f"{count(n)} {reason.replace('_', ' ')}" for reason, n in counter.most_common(2)
    )


def _charts(start: float, day: list[MinuteBucket]) -> list[Chart]:
    def per_minute(value: Callable[[MinuteBucket], int]) -> list[float | None]:
        return [value(step) / _STEP for step in day]

    def ttft(share: float) -> list[float | None]:
        return [step.ttft.quantile(share) for step in day]

    def chart(
        title: str,
        format_value: Callable[[float], str],
        *series: Series,
        stacked: bool = True,
    ) -> Chart:
        svg = plot(title, series, start, 60 * _STEP, format_value, stacked=stacked)
        return Chart(title, series, svg)

    return [
        chart(
            "Time to first token",
            milliseconds,
            Series("p50", ttft(0.5), "series-1"),
            Series("p95", ttft(0.95), "series-2"),
            stacked=False,
        ),
        chart(
            "Requests per minute",
            count,
            Series("answered", per_minute(lambda step: step.answered), "series-1"),
            Series("refused", per_minute(lambda step: step.refused), "series-2"),
            Series("errors", per_minute(lambda step: step.failed), "series-3"),
        ),
        chart(
            "Tokens per minute",
            count,
            Series("prompts", per_minute(lambda step: step.prompt_tokens), "series-4"),
            Series("completions", per_minute(lambda step: step.completion_tokens), "series-1"),
        ),
        chart(
            f"Users per {_STEP} minutes",
            count,
            Series("users", [step.user_count for step in day], "series-1"),
        ),
    ]


def _resident_bytes(pid: int | None) -> int | None:
    """Return the resident memory of a process; ``None`` where the system has no ``/proc``."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text("ascii").split()[1])
    except (OSError, IndexError, ValueError):
        return None
    return pages * _page_bytes()


def _page_bytes() -> int:
    import resource

    return resource.getpagesize()
