"""The messages of the side panel; ``protocol.schema.json`` defines them."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Literal


@dataclass(frozen=True)
class ModelFacts:
    """What the catalogue knows of a model; what was not measured is ``None``."""

    name: str
    purpose: str
    parameters: int
    license: str
    exact_match: float | None
    edit_similarity: float | None
    tasks: int | None


@dataclass(frozen=True)
class About:
    """What is served and where text goes.

    ``address`` is that of a Hub's service or of another server; ``counted`` is whether the Hub
    counts suggestions.
    """

    model: ModelFacts | None
    destination: Literal["local", "hub", "remote"]
    address: str
    counted: bool

    def to_json(self) -> bytes:
        """Return the JSON body."""
        return json.dumps(asdict(self)).encode("ascii")


@dataclass(frozen=True)
class ListedAdapter:
    """An adapter of the served model."""

    name: str
    accepted: bool
    reason: str


@dataclass(frozen=True)
class Adapters:
    """The adapters of the served model, the one in use, and whether another can be used."""

    adapters: tuple[ListedAdapter, ...]
    selected: str
    may_switch: bool

    def to_json(self) -> bytes:
        """Return the JSON body of this list."""
        return json.dumps(asdict(self)).encode("ascii")


@dataclass(frozen=True)
class ListedPlace:
    """A place that data could go to."""

    id: str
    process: str
    sends: str
    to: str
    state: str
    safe: bool
    change: str


@dataclass(frozen=True)
class Places:
    """Every place that data could go to, and its state on the machine of the server."""

    places: tuple[ListedPlace, ...]

    def to_json(self) -> bytes:
        """Return the JSON body of this list."""
        return json.dumps(asdict(self)).encode("ascii")


@dataclass(frozen=True)
class ListedJob:
    """A training job, without its result."""

    name: str
    state: Literal["waiting", "starting", "running", "stopped", "failed", "done"]
    phase: str
    progress: float
    eta_s: float | None
    step: int
    total_steps: int
    reason: str


@dataclass(frozen=True)
class Jobs:
    """Training jobs."""

    jobs: tuple[ListedJob, ...]

    def to_json(self) -> bytes:
        """Return the JSON body of this list."""
        return json.dumps(asdict(self)).encode("ascii")
