"""Lines over time as SVG: pure text, drawn on the server, readable without a script."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone

from tornado.escape import xhtml_escape

#: The picture, and where in it the lines are.
_WIDTH, _HEIGHT = 640, 190
_LEFT, _RIGHT, _TOP, _DEEP = 48, 4, 10, 158
#: Half a label of an hour.
_MARGIN = 14
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
    stacked: bool = False,
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
    stacked
        Whether series stand on each other, as columns; otherwise they are lines.
    """
    steps = list(zip(*(one.values for one in series), strict=True))
    heights = [sum(v or 0.0 for v in values) if stacked else _highest(values) for values in steps]
    ticks = nice_ticks(max(heights, default=0.0))
    space = _Space(len(steps), ticks[-1])
    parts = [
        f'<svg class="plot" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" '
        f'aria-label="{xhtml_escape(_words(title, series, told))}">'
    ]
    for tick in ticks:
        place = space.y(tick)
        parts.append(f'<path class="grid" d="M{_LEFT} {place:.1f}H{_WIDTH - _RIGHT}"/>')
        label = xhtml_escape(told(tick))
        parts.append(f'<text class="y" x="{_LEFT - 6}" y="{place + 3.5:.1f}">{label}</text>')
    end = int(start + step * len(steps))
    for second in range(math.ceil(start / _HOURS) * _HOURS, end, _HOURS):
        x = space.x((second - start) / step)
        if _LEFT + _MARGIN < x < _WIDTH - _MARGIN:
            parts.append(f'<text class="x" x="{x:.1f}" y="{_HEIGHT - 6}">{_clock(second)}</text>')
    parts += _columns(series, space) if stacked else _lines(series, space)
    for index, values in enumerate(steps):
        there = [f"{s.name} {told(v)}" for s, v in zip(series, values, strict=True) if v]
        if there:
            text = xhtml_escape(" · ".join([f"{_clock(start + step * index)} UTC", *there]))
            parts.append(
                f'<rect class="hover" x="{space.x(index):.1f}" y="{_TOP}" '
                f'width="{space.width:.1f}" height="{_DEEP}"><title>{text}</title></rect>'
            )
    return "".join([*parts, "</svg>"])


def nice_ticks(highest: float) -> list[float]:
    """Return about five values from 0 to at least the highest: multiples of 1, 2 or 5."""
    if not 0 < highest < math.inf:
        return [0.0, 1.0]
    rough = highest / _TICKS
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * n for n in (1, 2, 5, 10) if power * n >= rough * (1 - 1e-9))
    return [step * n for n in range(math.ceil(highest / step * (1 - 1e-9)) + 1)]


@dataclass(frozen=True)
class _Space:
    """Where values are in the picture."""

    steps: int
    top: float

    @property
    def width(self) -> float:
        """Of a step."""
        return (_WIDTH - _LEFT - _RIGHT) / max(1, self.steps)

    def x(self, step: float) -> float:
        """Return where a step begins."""
        return _LEFT + self.width * step

    def y(self, value: float) -> float:
        """Return the height of a value."""
        return _TOP + _DEEP * (1 - value / self.top)


def _columns(series: Sequence[Series], space: _Space) -> list[str]:
    """Return a path for each series: a box for each of its values, on those below."""
    below = [0.0] * space.steps
    paths = []
    for one in series:
        boxes = []
        for index, value in enumerate(one.values):
            if value:
                foot, below[index] = below[index], below[index] + value
                x, wide = space.x(index) + space.width * 0.1, space.width * 0.8
                high = space.y(foot) - space.y(below[index])
                boxes.append(f"M{x:.1f} {space.y(foot):.1f}v{-high:.1f}h{wide:.1f}v{high:.1f}z")
        paths.append(f'<path class="column {one.style}" d="{"".join(boxes)}"/>')
    return paths


def _lines(series: Sequence[Series], space: _Space) -> list[str]:
    """Return a line for each run of values that has no gap; a dot, where it is one alone."""
    parts = []
    for one in series:
        run: list[str] = []
        for index, value in enumerate([*one.values, None]):
            if value is not None:
                run.append(f"{space.x(index + 0.5):.1f} {space.y(value):.1f}")
            elif run:
                # A line of no length has round ends: a dot.
                line = "L".join(run if len(run) > 1 else run * 2)
                parts.append(f'<path class="line {one.style}" d="M{line}"/>')
                run = []
    return parts


def _highest(values: Sequence[float | None]) -> float:
    return max((value for value in values if value is not None), default=0.0)


def _words(title: str, series: Sequence[Series], told: Callable[[float], str]) -> str:
    parts = []
    for one in series:
        values = [value for value in one.values if value is not None]
        if values:
            parts.append(f"{one.name}: last {told(values[-1])}, highest {told(max(values))}")
    return f"{title}. {'; '.join(parts) or 'Nothing yet'}."


def _clock(second: float) -> str:
    return datetime.fromtimestamp(second, timezone.utc).strftime("%H:%M")
