"""Where training happens: on this machine, or in the service of a Hub."""

from __future__ import annotations

import getpass
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from ..runtime.loading import cache_of
from ..runtime.settings import RuntimeSettings
from .adapters import Card, Registry, adapter_hash
from .jobs import AnyJob, Job, JobRequest, JobStatus, all_jobs, check_request
from .recipe import Recipe

Progress = Callable[[float, str], None]


def _silent(share: float, text: str) -> None:
    """Tell nobody."""


@dataclass(frozen=True)
class Offer:
    """An adapter that may be used, and whether it is."""

    card: Card
    in_use: bool


class Trainer(ABC):
    """Makes adapters of somebody's files, and switches between them."""

    @abstractmethod
    def start(
        self,
        name: str,
        paths: Sequence[Path],
        settings: Mapping[str, Any],
        *,
        processes: int = 1,
        hold: bool = False,
        progress: Progress = _silent,
    ) -> AnyJob:
        """Begin a job.

        Parameters
        ----------
        name
            Of the job, and of the adapter that it makes.
        paths
            Notebooks, Python files, and directories of them.
        settings
            Of the recipe; the others are as usual.
        processes
            That train together.
        hold
            Whether to leave the start of the processes to whoever asked.
        progress
            Called with the share of the files that is read, 0 to 1, and what is being done.

        Raises
        ------
        FinetuneProblem
            With what is wrong, and what to do about it.
        """

    @abstractmethod
    def jobs(self) -> list[JobStatus]:
        """Return the jobs that there are."""

    @abstractmethod
    def job(self, name: str) -> AnyJob:
        """Return a job."""

    @abstractmethod
    def delete(self, name: str) -> None:
        """Delete a job, and the adapter that it made.

        Raises
        ------
        FinetuneProblem
            If there is neither, the job works, or the adapter is in use.
        """

    @abstractmethod
    def adapters(self) -> list[Offer]:
        """Return the adapters that there are."""

    @abstractmethod
    def card(self, name: str) -> Card:
        """Return the card of an adapter."""

    @abstractmethod
    def use(self, name: str, *, back: bool = False, progress: Progress = _silent) -> dict[str, Any]:
        """Serve with an adapter; see :func:`~jupyter_safecoder.finetune.switching.switch`."""


class OwnTrainer(Trainer):
    """Trains on this machine.

    Parameters
    ----------
    settings
        Of the base model.
    """

    def __init__(self, settings: RuntimeSettings) -> None:
        # What is trained is the base, whatever adapter it is served with now.
        self._settings = replace(settings, adapter="")
        self._cache = cache_of(settings)
        self._registry = Registry(self._cache)

    def start(
        self,
        name: str,
        paths: Sequence[Path],
        settings: Mapping[str, Any],
        *,
        processes: int = 1,
        hold: bool = False,
        progress: Progress = _silent,
    ) -> Job:
        """Begin a job on this machine."""
        from .corpus import build_corpus, check_enough

        recipe = Recipe(**settings)
        check_request(paths, recipe)
        if paths:
            # The corpus is read again by the job: what cannot be trained on is said at once.
            check_enough(build_corpus(paths, progress))
        job = Job(self._cache, name)
        request = JobRequest(
            name,
            [str(path.absolute()) for path in paths],
            asdict(self._settings),
            recipe.as_dict(),
            getpass.getuser(),
            max(1, processes),
        )
        (job.hold if hold else job.start)(request)
        return job

    def jobs(self) -> list[JobStatus]:
        """Return the jobs in the cache directory."""
        return all_jobs(self._cache)

    def job(self, name: str) -> Job:
        """Return a job of the cache directory."""
        job = Job(self._cache, name)
        job.request()
        return job

    def delete(self, name: str) -> None:
        """Delete a job of the cache directory, and its adapter."""
        job = Job(self._cache, name)
        adapter = next((one for one in self._registry.all() if one.name == name), None)
        if adapter is None:
            job.request()
        else:
            discard(self._cache, name)
        if job.directory.is_dir():
            job.delete()

    def adapters(self) -> list[Offer]:
        """Return the adapters in the cache directory."""
        return [
            Offer(one.card, self._registry.in_use(one.card.base) == one.name)
            for one in self._registry.all()
        ]

    def card(self, name: str) -> Card:
        """Return a card from the cache directory."""
        return self._registry.find(name).card

    def use(self, name: str, *, back: bool = False, progress: Progress = _silent) -> dict[str, Any]:
        """Serve this machine's model with an adapter."""
        from .switching import switch

        return switch(self._settings, name, back=back, progress=progress)


def discard(cache: Path, name: str) -> None:
    """Delete an adapter, and what was merged of it.

    Raises
    ------
    FinetuneProblem
        If there is none, or it is in use.
    """
    from .adapted import forget

    registry = Registry(cache)
    key = adapter_hash(registry.find(name))
    registry.remove(name)
    forget(cache, key)


def trainer(settings: Callable[[], RuntimeSettings]) -> Trainer:
    """Return the Hub's trainer, if this is a Hub's server; else this machine's.

    Parameters
    ----------
    settings
        Gives those of the base model on this machine.
    """
    from ..hub.team_trainer import team_trainer

    return team_trainer() or OwnTrainer(settings())
