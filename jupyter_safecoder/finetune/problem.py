"""What a team cannot be given, and what to do about it."""

from __future__ import annotations


class FinetuneProblem(Exception):
    """Fine-tuning cannot go on: one sentence, and what to do about it."""

    def __init__(self, reason: str, remedy: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.remedy = remedy
