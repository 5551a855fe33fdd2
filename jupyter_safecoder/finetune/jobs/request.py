"""The request of a job: what to train on what, as it is written to the job's directory."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from jupyter_safecoder.errors import FinetuneError
from jupyter_safecoder.finetune.model_build.manifest import read_manifest
from jupyter_safecoder.finetune.recipe import Recipe
from jupyter_safecoder.finetune.size_defaults import expected_minutes
from jupyter_safecoder.settings import RuntimeSettings

from .status import JobStatus

#: The version of the format; jobs of version 0.1 have none.
_FORMAT = 2


@dataclass(frozen=True)
class JobRequest:
    """The request of a job.

    Parameters
    ----------
    name
        Name of the job, and of its adapter.
    paths
        Absolute paths of what to learn from; none if the recipe names sources.
    settings
        Settings of the base model.
    recipe
        Settings of the training.
    by
        The user who requested it.
    processes
        Number of processes that train together.
    base
        Name of the base model; empty: the recipe names it.
    documents
        Number of documents to learn from; 0: the recipe names their sources.
    excluded_documents, excluded_cells
        Number of documents, and of cells of the others, that a Hub's policy excludes.
    memory_bytes, available_bytes
        Memory that the job needs, estimated, and what was available; ``None``: not known.
    """

    name: str
    paths: list[str]
    settings: RuntimeSettings
    recipe: Recipe
    by: str
    processes: int = 1
    base: str = ""
    documents: int = 0
    excluded_documents: int = 0
    excluded_cells: int = 0
    memory_bytes: int | None = None
    available_bytes: int | None = None

    @property
    def first_status(self) -> JobStatus:
        """The status of a job that waits for its processes."""
        return JobStatus(
            self.name,
            "stopped",
            reason="It waits for its processes.",
            base=self.base,
            documents=self.documents,
            minutes=expected_minutes(self.recipe),
            excluded_documents=self.excluded_documents,
            excluded_cells=self.excluded_cells,
            memory_bytes=self.memory_bytes,
            available_bytes=self.available_bytes,
        )

    def to_json(self) -> str:
        """Return the request as JSON."""
        return json.dumps({"format": _FORMAT, **asdict(self)})

    @classmethod
    def from_json(cls, text: str) -> JobRequest:
        """Return the request of JSON.

        Raises
        ------
        ValueError
            If it was not written by this version.
        """
        data = json.loads(text)
        try:
            if data.pop("format") != _FORMAT:
                raise ValueError("The job has another format.")
            settings, recipe = data.pop("settings"), data.pop("recipe")
            return cls(settings=RuntimeSettings(**settings), recipe=Recipe(**recipe), **data)
        except (AttributeError, KeyError, TypeError) as error:
            raise ValueError("The job has another format.") from error


def check_request(paths: Sequence[Path], recipe: Recipe) -> None:
    """Check that there is something to learn from, either paths or sources.

    Parameters
    ----------
    paths
        Notebooks, Python files, and directories of them.
    recipe
        Settings, which can name sources.

    Raises
    ------
    FinetuneError
        If there are neither paths nor sources, or both, or the sources cannot be read.
    """
    if paths and recipe.sources:
        raise FinetuneError(
            "The recipe names its sources itself.",
            "Leave the paths out, or remove 'sources' from the recipe.",
        )
    if not paths and not recipe.sources:
        raise FinetuneError(
            "There is nothing to learn from.",
            "Name notebooks or directories, or a recipe that has 'sources'.",
        )
    if recipe.sources:
        read_manifest(Path(recipe.sources))
