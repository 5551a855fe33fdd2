"""The error that every step of finding and loading a model speaks in."""

from __future__ import annotations


class ModelProblem(Exception):
    """A model cannot be used.

    Parameters
    ----------
    reason
        One sentence for a person: what is wrong.
    remedy
        One sentence: what to do about it.
    """

    def __init__(self, reason: str, remedy: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.remedy = remedy
