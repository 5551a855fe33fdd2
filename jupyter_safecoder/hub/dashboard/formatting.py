"""Formats values for the dashboard: short, to be read at a glance."""

from __future__ import annotations

from datetime import datetime, timezone

#: Characters of a name that are shown.
_NAME_CHARACTERS = 32
_MISSING = "—"


def short(name: str, length: int = _NAME_CHARACTERS) -> str:
    """Return a name on one line, cut to a length; unprintable characters are replaced."""
    line = "".join(c if c.isprintable() else "�" for c in name[: length + 1])
    return line if len(name) <= length else f"{line[: length - 1]}…"


def count(number: float) -> str:
    """Return a number with about three digits: 950, 12.3 k, 4.56 M."""
    for size, unit in ((1e9, " G"), (1e6, " M"), (1e4, " k")):
        if number >= size:
            value = number / (1e3 if unit == " k" else size)
            return f"{value:.3g}{unit}" if value < 999.5 else f"{value:,.0f}{unit}"
    return f"{number:,.0f}" if number >= 100 or number == int(number) else f"{number:.2g}"


def share(part: float, whole: float) -> str:
    """Return a part of a whole: 34 %."""
    return f"{100 * part / whole:.0f} %" if whole else _MISSING


def milliseconds(value: float | None) -> str:
    """Return a duration: 85 ms, 1.2 s."""
    if value is None:
        return _MISSING
    return f"{value:.0f} ms" if value < 999.5 else f"{value / 1000:.3g} s"


def ago(seconds: float) -> str:
    """Return how long ago something was."""
    if seconds < 60:
        return f"{max(0, int(seconds))} s ago"
    if seconds < 3600:
        return f"{int(seconds // 60)} min ago"
    return f"{int(seconds // 3600)} h ago"


def clock(second: float) -> str:
    """Return the time of day of a second of the epoch, UTC."""
    return datetime.fromtimestamp(second, timezone.utc).strftime("%H:%M:%S")


def size(octets: int | None) -> str:
    """Return a size: 640 MB, 1.2 GB."""
    if octets is None:
        return _MISSING
    return f"{octets / 1e6:.0f} MB" if octets < 999.5e6 else f"{octets / 1e9:.3g} GB"
