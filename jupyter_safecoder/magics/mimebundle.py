"""One thing to see in several forms: each frontend takes the richest that it knows."""

from __future__ import annotations

from typing import Any

from IPython.display import display


class _Plain(str):
    """Text that a terminal shows as it is, not as a string's representation."""

    def __repr__(self) -> str:
        return str(self)


def show(plain: str, forms: dict[str, Any]) -> None:
    """Display.

    Parameters
    ----------
    plain
        For terminals, and for whatever knows no other form.
    forms
        The same by its MIME type.
    """
    display({**forms, "text/plain": _Plain(plain)}, raw=True)  # type: ignore[no-untyped-call]
