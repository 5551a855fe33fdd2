"""What the administrator's page shows, gathered: plain values, no HTML but the pictures."""

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
from jupyter_safecoder.hub.accounting.usage import Usage, UsageStore
from jupyter_safecoder.hub.service import CompletionService
from jupyter_safecoder.protocol import Status

from .formatting import count, milliseconds
from .live_stats import ActiveUser, AdminAction, ErrorGroup, LiveStats, MinuteBucket
from .svg_charts import Series, plot

if TYPE_CHECKING:
    from jupyter_safecoder.finetune.jobs.status import JobStatus

#: Minutes of a point of the pictures, and of what is called now.
_STEP, _NOW = 15, 15
_HOUR = 60
#: People in a table.
_MOST = 20


@dataclass(frozen=True)
class StatTile:
    """A figure in large."""

    label: str
    value: str
    note: str
    level: str = ""


@dataclass(frozen=True)
class Chart:
    """A plot, with the names and styles of its series."""

    title: str
    series: Sequence[Series]
    svg: str


@dataclass(frozen=True)
class Runtime:
    """A runtime: the service's model and no adapter where these are empty; memory in bytes."""

    model: str
    adapter: str
    groups: list[str]
    status: Status
    memory: int | None


@dataclass(frozen=True)
class DashboardView:
    """Everything on the page."""

    now: float
    draining: bool
    alarms: list[str]
    tiles: list[StatTile]
    pictures: list[Chart]
    on: list[ActiveUser]
    people_on: int
    runtimes: list[Runtime]
    cards: list[Card]
    jobs: list[JobStatus] | None
    policy: Policy | None
    policy_problem: str
    usages: list[Usage]
    people_today: int
    usages_problem: str
    troubles: list[ErrorGroup]
    refusals: list[tuple[str, int]]
    acts: list[AdminAction]
    audit_last: str
    audit_problem: str


class Dashboard:
    """Looks at a service.

    Parameters
    ----------
    service, policy, usages, ledger, figures
        Of the process.
    cache
        Where adapters are.
    jobs
        Tells where training jobs stand; ``None``: there are none here.
    """

    def __init__(
        self,
        service: CompletionService,
        policy: PolicyFile,
        usages: UsageStore,
        ledger: AuditWriter,
        figures: LiveStats,
        cache: Path,
        jobs: Callable[[], list[JobStatus]] | None = None,
    ) -> None:
        self.service = service
        self.policy = policy
        self.ledger = ledger
        self.figures = figures
        self._usages = usages
        self._registry = Registry(cache)
        self._jobs = jobs

    async def look(self) -> DashboardView:
        """Return what there is to see now."""
        policy = self.policy.current()
        runtimes = await self.runtimes()
        usages, problem = await asyncio.to_thread(self._people)
        adapters = await asyncio.to_thread(self._registry.all)
        jobs = await asyncio.to_thread(self._jobs) if self._jobs else None
        hour, on = self.figures.last(_HOUR), self.figures.on()
        return DashboardView(
            now=self.figures.clock(),
            draining=self.service.draining,
            alarms=self._alarms(runtimes),
            tiles=self._tiles(hour, len(on)),
            pictures=_pictures(*self.figures.day(_STEP)),
            on=on[:_MOST],
            people_on=len(on),
            runtimes=runtimes,
            cards=[adapter.card for adapter in adapters],
            jobs=jobs,
            policy=policy,
            policy_problem=self.policy.problem,
            usages=usages[:_MOST],
            people_today=len(usages),
            usages_problem=problem,
            troubles=[*self.figures.troubles],
            refusals=hour.refusals.most_common(),
            acts=[*self.figures.acts],
            audit_last=self.ledger.last,
            audit_problem=self.ledger.audit_problem,
        )

    async def runtimes(self) -> list[Runtime]:
        """Return the runtimes that there are, and those that groups would have started."""
        states = await self.service.runtimes.states()
        groups: dict[tuple[str, str], list[str]] = {key: [] for key in states}
        for group, served in (self.service.served() or {}).items():
            groups.setdefault(served, []).append(group)
        unstarted = Status("off", "It starts when one of its groups opens a notebook."), None
        found = []
        for key, of in sorted(groups.items()):
            status, pid = states.get(key, unstarted)
            found.append(Runtime(*key, of, status, _resident(pid)))
        return found

    def _people(self) -> tuple[list[Usage], str]:
        try:
            people = self._usages.people()
        except SQLAlchemyError as error:
            return [], f"The counts cannot be read ({type(error).__name__})."
        return people, ""

    def _alarms(self, runtimes: list[Runtime]) -> list[str]:
        alarms = []
        if self.policy.problem:
            alarms.append(f"{self.policy.problem} Nobody may do anything until it is mended.")
        if self.ledger.audit_problem:
            alarms.append(f"{self.ledger.audit_problem} Nothing is answered.")
        if self.ledger.count_problem:
            alarms.append(f"{self.ledger.count_problem} They are when that is over.")
        for one in runtimes:
            if one.status.state == "failed":
                alarms.append(f"{one.status.reason} {one.status.remedy}")
        return alarms

    def _tiles(self, hour: MinuteBucket, on: int) -> list[StatTile]:
        now, day = self.figures.last(_NOW), self.figures.last(24 * _HOUR)
        admission = self.service.admission
        return [
            StatTile("People on", count(on), f"{count(day.people_count)} in the last day"),
            StatTile(
                "First token",
                milliseconds(now.ttft.quantile(0.5)),
                f"p95 {milliseconds(now.ttft.quantile(0.95))}, {_NOW} min",
            ),
            StatTile(
                "Requests a minute",
                count(now.requests / _NOW),
                f"{count(day.requests)} in the last day",
            ),
            StatTile(
                "Tokens, last day",
                count(day.prompt_tokens + day.completion_tokens),
                f"{count(day.completion_tokens)} of them answers",
            ),
            StatTile(
                "Being answered", count(admission.running), f"{count(admission.waiting)} wait"
            ),
            StatTile("Refused, last hour", count(hour.refused), _most(hour.refusals)),
            StatTile(
                "Errors, last hour",
                count(hour.failed),
                _most(hour.errors),
                "bad" if hour.failed else "",
            ),
        ]


def _most(counter: Counter[str]) -> str:
    """Return what there is most of."""
    return ", ".join(f"{count(n)} {kind.replace('_', ' ')}" for kind, n in counter.most_common(2))


def _pictures(start: float, day: list[MinuteBucket]) -> list[Chart]:
    def per_minute(value: Callable[[MinuteBucket], int]) -> list[float | None]:
        return [value(step) / _STEP for step in day]

    def ttft(share: float) -> list[float | None]:
        return [step.ttft.quantile(share) for step in day]

    def picture(
        title: str, told: Callable[[float], str], *series: Series, stacked: bool = True
    ) -> Chart:
        svg = plot(title, series, start, 60 * _STEP, told, stacked=stacked)
        return Chart(title, series, svg)

    return [
        picture(
            "Time to the first token",
            milliseconds,
            Series("p50", ttft(0.5), "a"),
            Series("p95", ttft(0.95), "b"),
            stacked=False,
        ),
        picture(
            "Requests a minute",
            count,
            Series("answered", per_minute(lambda step: step.answered), "a"),
            Series("refused", per_minute(lambda step: step.refused), "b"),
            Series("errors", per_minute(lambda step: step.failed), "c"),
        ),
        picture(
            "Tokens a minute",
            count,
            Series("prompts", per_minute(lambda step: step.prompt_tokens), "d"),
            Series("answers", per_minute(lambda step: step.completion_tokens), "a"),
        ),
        picture(
            "People in a quarter of an hour",
            count,
            Series("people", [step.people_count for step in day], "a"),
        ),
    ]


def _resident(pid: int | None) -> int | None:
    """Return the bytes of memory that a process has, where the system tells."""
    try:
        fields = Path(f"/proc/{pid}/statm").read_text("ascii").split()
        return int(fields[1]) * _page_bytes()
    except (OSError, IndexError, ValueError):
        return None


def _page_bytes() -> int:
    import resource

    return resource.getpagesize()
