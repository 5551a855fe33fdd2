"""Displays something in several formats: each frontend shows the richest that it supports."""

from __future__ import annotations

from typing import Any

from IPython.display import display


class _Plain(str):
    """Text that a terminal shows without quotes."""

    def __repr__(self) -> str:
        return str(self)


def publish(plain: str, formats: dict[str, Any]) -> None:
    """Display something in several formats.

    Parameters
    ----------
    plain
        The text for terminals, and for frontends that support no other format.
    formats
        The other formats, by MIME type.
    """
    display({**formats, "text/plain": _Plain(plain)}, raw=True)
