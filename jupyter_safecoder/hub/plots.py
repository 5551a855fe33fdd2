"""Lines over time as SVG: pure text, drawn on the server, readable without a script."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone

from tornado.escape import xhtml_escape

#: The picture, and where in it the lines are.
_WIDTH, _HEIGHT = 640, 190
_LEFT, _RIGHT, _TOP, _BOTTOM = 48, 8, 10, 22
_TICKS = 4
_HOURS = 4 * 3600


@dataclass(frozen=True)
class Series:
    """Values at equal steps; ``None`` is a gap. ``style`` is a class of the stylesheet."""

    name: str
    values: Sequence[float | None]
    style: str


def plot(
    title: str,
    series: Sequence[Series],
    start: float,
    step: float,
    told: Callable[[float], str],
    *,
    filled: bool = False,
) -> str:
    """Return a picture of series over time.

    Parameters
    ----------
    title
        Told to who cannot see it, with the last and the highest value of each series.
    start, step
        Seconds of the epoch, seconds; times are shown in UTC.
    told
        Words for a value.
    filled
        Whether series stand on each other, as areas.
    """
    count = max((len(one.values) for one in series), default=0)
    shown = _stacked(series) if filled else [one.values for one in series]
    ticks = nice_ticks(max((v for values in shown for v in values if v is not None), default=0.0))
    top = ticks[-1]

    def x(index: float) -> float:
        return _LEFT + (_WIDTH - _LEFT - _RIGHT) * index / max(1, count - 1)

    def y(value: float) -> float:
        return _HEIGHT - _BOTTOM - (_HEIGHT - _TOP - _BOTTOM) * value / top

    parts = [
        f'<svg class="plot" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" '
        f'aria-label="{xhtml_escape(_words(title, series, told))}">'
    ]
    for tick in ticks:
        parts.append(f'<path class="grid" d="M{_LEFT} {y(tick):.1f}H{_WIDTH - _RIGHT}"/>')
        label = xhtml_escape(told(tick))
        parts.append(f'<text class="y" x="{_LEFT - 6}" y="{y(tick) + 3.5:.1f}">{label}</text>')
    for second in range(math.ceil(start / _HOURS) * _HOURS, int(start + step * count), _HOURS):
        place = x((second - start) / step)
        if place <= _WIDTH - _RIGHT - 12:
            parts.append(
                f'<text class="x" x="{place:.1f}" y="{_HEIGHT - 6}">{_clock(second)}</text>'
            )
    base = [0.0] * count
    for one, values in zip(series, shown, strict=True):
        for run in _runs(values):
            line = "L".join(f"{x(i):.1f} {y(values[i] or 0.0):.1f}" for i in run)
            if filled:
                back = "L".join(f"{x(i):.1f} {y(base[i]):.1f}" for i in reversed(run))
                parts.append(f'<path class="area {one.style}" d="M{line}L{back}Z"/>')
            elif len(run) == 1:
                [i] = run
                place = f'cx="{x(i):.1f}" cy="{y(values[i] or 0.0):.1f}"'
                parts.append(f'<circle class="dot {one.style}" {place} r="2"/>')
            else:
                parts.append(f'<path class="line {one.style}" d="M{line}"/>')
        base = [value or 0.0 for value in values]
    parts.extend(_hovers(series, start, step, count, told, x))
    return "".join([*parts, "</svg>"])


def nice_ticks(highest: float) -> list[float]:
    """Return about five values from 0 to at least the highest: multiples of 1, 2 or 5."""
    if not 0 < highest < math.inf:
        return [0.0, 1.0]
    rough = highest / _TICKS
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * n for n in (1, 2, 5, 10) if power * n >= rough * (1 - 1e-9))
    return [step * n for n in range(math.ceil(highest / step * (1 - 1e-9)) + 1)]


def _stacked(series: Sequence[Series]) -> list[list[float | None]]:
    stacks: list[list[float | None]] = []
    below = [0.0] * max((len(one.values) for one in series), default=0)
    for one in series:
        below = [under + (value or 0.0) for under, value in zip(below, one.values, strict=True)]
        stacks.append([*below])
    return stacks


def _runs(values: Sequence[float | None]) -> list[list[int]]:
    """Return the indices of values that have no gap between them."""
    runs: list[list[int]] = [[]]
    for index, value in enumerate(values):
        if value is not None:
            runs[-1].append(index)
        elif runs[-1]:
            runs.append([])
    return [run for run in runs if run]


def _hovers(
    series: Sequence[Series],
    start: float,
    step: float,
    count: int,
    told: Callable[[float], str],
    x: Callable[[float], float],
) -> list[str]:
    """Return invisible columns that say their values under a pointer."""
    width = x(1) - x(0)
    columns = []
    for index in range(count):
        there = [f"{one.name} {told(value)}" for one in series if (value := one.values[index])]
        if not there:
            continue
        text = xhtml_escape(" · ".join([f"{_clock(start + step * index)} UTC", *there]))
        columns.append(
            f'<rect class="hover" x="{x(index) - width / 2:.1f}" y="{_TOP}" width="{width:.1f}" '
            f'height="{_HEIGHT - _TOP - _BOTTOM}"><title>{text}</title></rect>'
        )
    return columns


def _words(title: str, series: Sequence[Series], told: Callable[[float], str]) -> str:
    parts = []
    for one in series:
        values = [value for value in one.values if value is not None]
        if values:
            parts.append(f"{one.name}: last {told(values[-1])}, highest {told(max(values))}")
    return f"{title}. {'; '.join(parts) or 'Nothing yet'}."


def _clock(second: float) -> str:
    return datetime.fromtimestamp(second, timezone.utc).strftime("%H:%M")
