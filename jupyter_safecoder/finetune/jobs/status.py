"""The status of a job, as it is written, sent and shown."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from jupyter_safecoder.adapters.card import rename_evaluation
from jupyter_safecoder.models import format_gb

JobState = Literal["waiting", "starting", "running", "stopped", "failed", "done"]
#: Names in version 0.1.
_RENAMED = {
    "share": "progress",
    "total": "total_steps",
    "curve": "train_curve",
    "held_out": "val_curve",
}


@dataclass
class JobStatus:
    """The status of a job.

    Parameters
    ----------
    name
        Name of the job, and of its adapter.
    state
        Its state.
    phase
        What it does at the moment, for users.
    progress
        The share that is done, 0 to 1.
    eta_s
        Seconds of training that are left; ``None``: unknown.
    step, total_steps
        Steps of the training; ``total_steps`` is 0 until it is known.
    tokens_per_s
        Tokens of samples that are learned per second.
    train_curve, val_curve
        ``[step, loss]`` of training and validation, in nats per token.
    reason, remedy
        Why it ended, and what to do about it.
    result
        What ``finetune --json`` prints; ``None`` until it is done.
    base
        Name of the model that is trained; empty: not known yet.
    documents
        Number of documents that it was started with; 0: not known yet.
    minutes
        How long the job takes at most, evaluation included; ``None``: that depends on its steps.
    excluded_documents, excluded_cells
        Number of documents, and of cells of the others, that a Hub's policy excludes.
    memory_bytes, available_bytes
        Memory that the job needs, estimated, and what was available before it started; ``None``:
        not known.
    """

    name: str
    state: JobState = "starting"
    phase: str = "Starting"
    progress: float = 0.0
    eta_s: float | None = None
    step: int = 0
    total_steps: int = 0
    tokens_per_s: float = 0.0
    train_curve: list[list[float]] = field(default_factory=list)
    val_curve: list[list[float]] = field(default_factory=list)
    reason: str = ""
    remedy: str = ""
    result: dict[str, Any] | None = None
    base: str = ""
    documents: int = 0
    minutes: float | None = None
    excluded_documents: int = 0
    excluded_cells: int = 0
    memory_bytes: int | None = None
    available_bytes: int | None = None

    @property
    def over(self) -> bool:
        """Whether the job does not go on by itself."""
        return self.state in ("stopped", "failed", "done")

    @property
    def plan(self) -> dict[str, Any]:
        """What is trained, and how long that takes: a part of what ``finetune --json`` prints."""
        return {"base": self.base, "documents": self.documents, "minutes": self.minutes}

    @property
    def memory(self) -> dict[str, Any]:
        """The memory that is needed and available in MB: a part of what ``--json`` prints."""
        sizes = {"memory_mb": self.memory_bytes, "available_mb": self.available_bytes}
        return {name: None if size is None else size // 10**6 for name, size in sizes.items()}

    @classmethod
    def from_json(cls, data: Any) -> JobStatus:
        """Return the status of JSON data of this version or of version 0.1.

        Raises
        ------
        TypeError
            If it is not a status.
        """
        if isinstance(data, dict) and "share" in data:  # version 0.1
            data = {_RENAMED.get(name, name): value for name, value in data.items()}
            if result := data.get("result"):
                data["result"] = rename_evaluation(result)
        return cls(**data)


def describe_plan(status: JobStatus) -> str:
    """Return what a job trains, and how long that takes, as sentences for users.

    Parameters
    ----------
    status
        Of a job that has not started yet.
    """
    base = status.base or "the model of the recipe"
    documents = f" on {status.documents} notebooks and scripts" if status.documents else ""
    if status.minutes is None:
        duration = "how long it takes is known after its first steps"
    else:
        duration = f"up to about {status.minutes:g} minutes, evaluation before and after included"
    excluded = ""
    if status.excluded_documents or status.excluded_cells:
        excluded = (
            f" The policy of this JupyterHub excludes {status.excluded_documents} files, and "
            f"{status.excluded_cells} cells of the others."
        )
    return (
        f"Training {base}{documents}: {duration}. It leaves processor time to completions and to "
        f"kernels.{_describe_memory(status)}{excluded}"
    )


def _describe_memory(status: JobStatus) -> str:
    needed, available = status.memory_bytes, status.available_bytes
    if needed is None:
        return ""
    text = f" It needs about {format_gb(needed)} of memory"
    if available is None:
        return f"{text}."
    text += f"; {format_gb(available)} are available."
    if available >= needed:
        return text
    return (
        f"{text} That is too little: the kernel may end it. Free memory, train a smaller model, or "
        "set fewer tokens_per_step in a recipe."
    )
