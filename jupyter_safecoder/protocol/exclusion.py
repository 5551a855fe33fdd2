"""Whether a document is excluded from completion."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from .encoding import dump


@dataclass(frozen=True)
class Exclusion:
    """Whether a ``.safecoderignore`` excludes a document, why, and what to do about it."""

    excluded: bool = False
    reason: str = ""
    remedy: str = ""

    def to_json(self) -> bytes:
        """Return the JSON body of this answer."""
        return dump(asdict(self))
