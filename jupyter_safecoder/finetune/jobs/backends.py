"""Training backends: the interface, and the one that trains on this machine."""

from __future__ import annotations

import getpass
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from jupyter_safecoder.adapters.card import Card
from jupyter_safecoder.adapters.registry import Registry
from jupyter_safecoder.engines.hardware.cpu import available_bytes
from jupyter_safecoder.extras import CORPUS, TRAINING, require_extra
from jupyter_safecoder.finetune.recipe import Recipe
from jupyter_safecoder.finetune.size_defaults import with_size_defaults
from jupyter_safecoder.finetune.training_memory import estimate_memory
from jupyter_safecoder.settings import RuntimeSettings

from .base_model import find_base
from .job import Job, LocalJob, all_jobs
from .request import JobRequest, check_request
from .status import JobStatus

#: Takes the share that is done, 0 to 1, and a description of the work.
Progress = Callable[[float, str], None]
#: Takes the status of a job that is about to start.
Announce = Callable[[JobStatus], None]


def _no_progress(share: float, text: str) -> None:
    pass


def _say_nothing(status: JobStatus) -> None:
    pass


@dataclass(frozen=True)
class AdapterInfo:
    """The card of an adapter, and whether the adapter is active."""

    card: Card
    in_use: bool


class TrainingBackend(ABC):
    """Trains adapters, and activates them: on this machine, or in the service of a Hub.

    Every method raises ``FinetuneError`` if it is refused.
    """

    @abstractmethod
    def start(
        self,
        name: str,
        paths: Sequence[Path],
        settings: Mapping[str, Any],
        *,
        processes: int = 1,
        launch: bool = True,
        progress: Progress = _no_progress,
        announce: Announce = _say_nothing,
    ) -> Job:
        """Create a job, and start it.

        Parameters
        ----------
        name
            Name of the job, and of its adapter.
        paths
            Notebooks, Python files, and directories of them.
        settings
            Settings of the recipe; those that are missing keep their defaults.
        processes
            Number of processes that train together.
        launch
            Whether to start the processes; otherwise ``accelerate launch`` starts them.
        progress
            Called with the share of the files that is read, and a description of the work.
        announce
            Called with the first status, which has what is trained and how long that takes: on this
            machine before the job starts, on a Hub when it is in the queue.

        Raises
        ------
        FinetuneError
            If there is nothing to learn from, or the job cannot be started.
        ModelError
            If the model cannot be found.
        """

    @abstractmethod
    def jobs(self) -> list[JobStatus]:
        """Return the status of each job."""

    @abstractmethod
    def job(self, name: str) -> Job:
        """Return a job.

        Raises
        ------
        FinetuneError
            If there is none of that name.
        """

    @abstractmethod
    def delete(self, name: str) -> None:
        """Delete a job and its adapter.

        Raises
        ------
        FinetuneError
            If there is neither, the job runs, or the adapter is in use.
        """

    @abstractmethod
    def adapters(self) -> list[AdapterInfo]:
        """Return all adapters."""

    @abstractmethod
    def card(self, name: str) -> Card:
        """Return the card of an adapter.

        Raises
        ------
        FinetuneError
            If there is none of that name.
        """

    @abstractmethod
    def use(
        self, name: str, *, previous: bool = False, progress: Progress = _no_progress
    ) -> dict[str, Any]:
        """Activate an adapter; see :func:`~.activation.activate_adapter` for the parameters."""


class LocalTrainingBackend(TrainingBackend):
    """Trains on this machine, in the cache directory.

    Parameters
    ----------
    settings
        Settings of the base model.
    """

    def __init__(self, settings: RuntimeSettings) -> None:
        # The base model is trained, whichever adapter it is served with.
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
        launch: bool = True,
        progress: Progress = _no_progress,
        announce: Announce = _say_nothing,
    ) -> LocalJob:
        """Create a job on this machine, and start it."""
        require_extra(*CORPUS, *TRAINING)
        from jupyter_safecoder.attribution.optout import OptOutList
        from jupyter_safecoder.finetune.corpus.rules import CorpusRules
        from jupyter_safecoder.finetune.corpus.scan import check_enough, scan

        recipe = Recipe(**settings)
        check_request(paths, recipe)
        job = LocalJob(self._cache, name)
        request = JobRequest(name, [], self._settings, recipe, getpass.getuser(), max(1, processes))
        if paths:
            # The job builds the corpus. A scan is enough to refuse files that are of no use at
            # once; nothing that was read is written, since only the job redacts secrets.
            optout = OptOutList(self._cache)
            check_enough(found := scan(paths, progress, CorpusRules.of(recipe), optout))
            named, base = find_base(self._settings, progress)
            request = replace(
                request,
                paths=[str(path.absolute()) for path in paths],
                settings=named,
                recipe=with_size_defaults(recipe, base),
                base=base.name,
                documents=len(found.documents),
                memory_bytes=estimate_memory(base, recipe),
                available_bytes=available_bytes(),
            )
        if launch:
            job.start(request, announce)
        else:
            job.create_stopped(request)
            announce(request.first_status)
        return job

    def jobs(self) -> list[JobStatus]:
        """Return the status of each job in the cache directory."""
        return all_jobs(self._cache)

    def job(self, name: str) -> LocalJob:
        """Return a job of the cache directory."""
        job = LocalJob(self._cache, name)
        job.files.check_exists()
        return job

    def delete(self, name: str) -> None:
        """Delete a job of the cache directory, and its adapter."""
        job = LocalJob(self._cache, name)
        if any(one.name == name for one in self._registry.all()):
            delete_adapter(self._cache, name)
        else:
            job.files.check_exists()
        if job.directory.is_dir():
            job.delete()

    def adapters(self) -> list[AdapterInfo]:
        """Return the adapters of the cache directory."""
        return [
            AdapterInfo(one.card, self._registry.in_use(one.card.base) == one.name)
            for one in self._registry.all()
        ]

    def card(self, name: str) -> Card:
        """Return the card of an adapter of the cache directory."""
        return self._registry.find(name).card

    def use(
        self, name: str, *, previous: bool = False, progress: Progress = _no_progress
    ) -> dict[str, Any]:
        """Activate an adapter on this machine."""
        from .activation import activate_adapter

        return activate_adapter(self._settings, name, previous=previous, progress=progress)


def delete_adapter(cache: Path, name: str) -> None:
    """Delete an adapter, and the model that it was merged into.

    Parameters
    ----------
    cache
        The cache directory.
    name
        Name of the adapter.

    Raises
    ------
    FinetuneError
        If there is none of that name, or it is in use.
    """
    from jupyter_safecoder.adapters.merge import delete_merged

    registry = Registry(cache)
    adapter = registry.find(name)
    registry.remove(name)
    delete_merged(cache, adapter)
