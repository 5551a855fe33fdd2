"""The models that the side panel offers."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from .encoding import dump


@dataclass(frozen=True)
class ListedModel:
    """A model of the catalogue; ``command`` gets it, and is empty if it is on this disk."""

    name: str
    purpose: str
    license: str
    here: bool
    command: str


@dataclass(frozen=True)
class Models:
    """The models that can be served, the one that was selected, and whether others are fetched."""

    models: tuple[ListedModel, ...]
    selected: str
    may_download: bool

    def to_json(self) -> bytes:
        """Return the JSON body of this list."""
        return dump(asdict(self))
