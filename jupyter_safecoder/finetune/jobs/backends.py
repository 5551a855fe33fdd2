"""Where training happens: on this machine, or in the service of a Hub."""

from __future__ import annotations

import getpass
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from jupyter_safecoder.adapters.registry import Card, Registry, adapter_hash
from jupyter_safecoder.finetune.recipe import Recipe
from jupyter_safecoder.settings import RuntimeSettings

from .job import Job, JobRequest, JobStatus, LocalJob, all_jobs, check_request

Progress = Callable[[float, str], None]


def _silent(share: float, text: str) -> None:
    """Tell nobody."""


@dataclass(frozen=True)
class AdapterInfo:
    """An adapter that may be used, and whether it is."""

    card: Card
    in_use: bool


class TrainingBackend(ABC):
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
    ) -> Job:
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
        FinetuneError
            With what is wrong, and what to do about it.
        """

    @abstractmethod
    def jobs(self) -> list[JobStatus]:
        """Return the jobs that there are."""

    @abstractmethod
    def job(self, name: str) -> Job:
        """Return a job."""

    @abstractmethod
    def delete(self, name: str) -> None:
        """Delete a job, and the adapter that it made.

        Raises
        ------
        FinetuneError
            If there is neither, the job works, or the adapter is in use.
        """

    @abstractmethod
    def adapters(self) -> list[AdapterInfo]:
        """Return the adapters that there are."""

    @abstractmethod
    def card(self, name: str) -> Card:
        """Return the card of an adapter."""

    @abstractmethod
    def use(self, name: str, *, back: bool = False, progress: Progress = _silent) -> dict[str, Any]:
        """Serve with an adapter; see :func:`~jupyter_safecoder.finetune.jobs.activation.switch`."""


class LocalTrainingBackend(TrainingBackend):
    """Trains on this machine.

    Parameters
    ----------
    settings
        Of the base model.
    """

    def __init__(self, settings: RuntimeSettings) -> None:
        # What is trained is the base, whatever adapter it is served with now.
        self._settings = replace(settings, adapter="")
        self._cache = settings.cache
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
    ) -> LocalJob:
        """Begin a job on this machine."""
        from jupyter_safecoder.finetune.corpus.corpus import build_corpus, check_enough

        recipe = Recipe(**settings)
        check_request(paths, recipe)
        if paths:
            # The corpus is read again by the job: what cannot be trained on is said at once.
            check_enough(build_corpus(paths, progress))
        job = LocalJob(self._cache, name)
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

    def job(self, name: str) -> LocalJob:
        """Return a job of the cache directory."""
        job = LocalJob(self._cache, name)
        job.request()
        return job

    def delete(self, name: str) -> None:
        """Delete a job of the cache directory, and its adapter."""
        job = LocalJob(self._cache, name)
        adapter = next((one for one in self._registry.all() if one.name == name), None)
        if adapter is None:
            job.request()
        else:
            delete_adapter(self._cache, name)
        if job.directory.is_dir():
            job.delete()

    def adapters(self) -> list[AdapterInfo]:
        """Return the adapters in the cache directory."""
        return [
            AdapterInfo(one.card, self._registry.in_use(one.card.base) == one.name)
            for one in self._registry.all()
        ]

    def card(self, name: str) -> Card:
        """Return a card from the cache directory."""
        return self._registry.find(name).card

    def use(self, name: str, *, back: bool = False, progress: Progress = _silent) -> dict[str, Any]:
        """Serve this machine's model with an adapter."""
        from .activation import switch

        return switch(self._settings, name, back=back, progress=progress)


def delete_adapter(cache: Path, name: str) -> None:
    """Delete an adapter, and what was merged of it.

    Raises
    ------
    FinetuneError
        If there is none, or it is in use.
    """
    from jupyter_safecoder.adapters.merge import forget

    registry = Registry(cache)
    key = adapter_hash(registry.find(name))
    registry.remove(name)
    forget(cache, key)
