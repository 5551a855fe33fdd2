"""The state of the runtime."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import Literal

from .encoding import dump
from .json_schema import PROTOCOL_VERSION

State = Literal["off", "starting", "downloading", "preparing", "loading", "ready", "busy", "failed"]


@dataclass(frozen=True)
class ModelInfo:
    """The description of the model in use."""

    name: str
    family: str
    layouts: tuple[str, ...]
    default_layout: str
    context_window: int
    languages: tuple[str, ...]
    license: str


@dataclass
class Counters:
    """Sums since the runtime started; requests in advance count in ``background`` only."""

    requests: int = 0
    completed: int = 0
    cancelled: int = 0
    failed: int = 0
    background: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0


@dataclass(frozen=True)
class Network:
    """What holds a process to its network: the kernel, or Python; and what it was refused.

    ``allowed`` are the addresses beside this machine; ``refused`` counts connections and look-ups.
    """

    denied: bool
    guarded: bool
    allowed: tuple[str, ...]
    refused: int


@dataclass(frozen=True)
class Status:
    """The state of the runtime, with its reason, for users and programs."""

    state: State
    reason: str
    remedy: str = ""
    progress: float | None = None
    queue: int = 0
    model: ModelInfo | None = None
    engine: str | None = None
    device: str | None = None
    counters: Counters = field(default_factory=Counters)
    adapter: str | None = None
    network: Network | None = None
    version: int = PROTOCOL_VERSION

    def to_json(self) -> bytes:
        """Return the JSON body of this status."""
        return dump(asdict(self))


def parse_status(body: str | bytes) -> Status:
    """Return the status of a JSON body.

    Raises
    ------
    ValueError
        If the body is not a status of this protocol.
    """
    try:
        data = json.loads(body)
        model = data.pop("model")
        if model is not None:
            lists = {name: tuple(model[name]) for name in ("layouts", "languages")}
            model = ModelInfo(**{**model, **lists})
        network = data.pop("network", None)
        if network is not None:
            network = Network(**{**network, "allowed": tuple(network["allowed"])})
        counters = Counters(**data["counters"])
        return Status(**{**data, "model": model, "network": network, "counters": counters})
    except (TypeError, KeyError, ValueError, AttributeError) as error:
        raise ValueError("The body is not a status of the SafeCoder protocol.") from error
