"""A model of the catalogue: what it is, what it needs, and from where it can be had."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from jupyter_safecoder.postprocess import Calibration
from jupyter_safecoder.prompt import Budget


@dataclass(frozen=True)
class CatalogueFile:
    """A file of a model.

    Parameters
    ----------
    path
        Its name, here and in the repository of a hub.
    size
        Bytes.
    sha256
        Hash in hexadecimal.
    """

    path: str
    size: int
    sha256: str


@dataclass(frozen=True)
class HubPlace:
    """A repository of the Hugging Face Hub.

    Parameters
    ----------
    repository
        ``owner/name``.
    revision
        A commit; empty: the newest one of the branch ``main``.
    """

    kind: ClassVar[str] = "hub"

    repository: str
    revision: str = ""


@dataclass(frozen=True)
class PackagesPlace:
    """Packages of an index that pip uses, whose parts joined are the only file of a model.

    Parameters
    ----------
    version
        Of all these packages.
    parts
        Path of a part in a wheel, such as ``*/data/partNN.bin``: ``*`` is the name of one folder,
        and ``NN`` the number of the part.
    packages
        Their names, with the SHA-256 of each one's wheel.
    """

    kind: ClassVar[str] = "packages"

    version: str
    parts: str
    packages: Mapping[str, str]


Place = HubPlace | PackagesPlace


@dataclass(frozen=True)
class Quality:
    """Infilling scores that were measured, each ``{tasks, exact_match, edit_similarity}``.

    Parameters
    ----------
    command
        The command that measured them.
    served_as
        Precision and layout.
    notebooks
        Of hidden line ends in notebooks.
    humaneval
        Of hidden lines of HumanEval.
    """

    command: str
    served_as: str
    notebooks: Mapping[str, float]
    humaneval: Mapping[str, float]


@dataclass(frozen=True)
class Speed:
    """Times that were measured, in milliseconds.

    Parameters
    ----------
    command
        The command that measured them.
    machine
        On which machine.
    served_as
        Precision and layout.
    tpot_ms, keystroke_ttft_ms, cold_ttft_ms
        Time per output token, TTFT after a keystroke and in a new notebook.
    """

    command: str
    machine: str
    served_as: str
    tpot_ms: float
    keystroke_ttft_ms: float
    cold_ttft_ms: float


@dataclass(frozen=True)
class Entry:
    """A model of the catalogue.

    Parameters
    ----------
    name
        Its name in the settings.
    purpose
        What it is good for, in a few words.
    parameters
        Number of weights.
    license
        The license, as its publisher names it.
    commercial_use
        Whether the license allows commercial use.
    gated
        Whether its hub gives it only to those who have accepted its terms.
    family
        FIM family, a key of :data:`.FAMILIES`.
    layouts, default_layout
        Layouts of prompts that it was trained on, names of :data:`.LAYOUTS`.
    memory_mb
        Memory that it needs when it is served, in MB.
    budget
        Maximum tokens of a prompt's parts; ``None``: those of its context window.
    files
        Its files; empty: those of a checkpoint in a repository of a hub, whose hashes the hub
        gives.
    places
        From where it can be had, in order of preference; empty: it comes with this product.
    adapter
        Name of the adapter in the package of weights that is merged into it; empty: none.
    quality, speed, confidence
        What was measured by us; ``None``: it was not. The confidence is what
        ``jupyter safecoder infill`` reports as ``calibration``.
    """

    name: str
    purpose: str
    parameters: int
    license: str
    commercial_use: bool
    gated: bool
    family: str
    layouts: tuple[str, ...]
    default_layout: str
    memory_mb: int
    budget: Budget | None = None
    files: tuple[CatalogueFile, ...] = ()
    places: tuple[Place, ...] = ()
    adapter: str = ""
    quality: Quality | None = None
    speed: Speed | None = None
    confidence: Calibration | None = None

    @property
    def command(self) -> str:
        """The command that gets the model."""
        return f"jupyter safecoder model get {self.name}"
