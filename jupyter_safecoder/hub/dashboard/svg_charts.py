"""Charts of values over time as SVG: drawn on the server, readable without a script."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone

from tornado.escape import xhtml_escape

#: Size of a chart, and position and height of the plot area in it.
_WIDTH, _HEIGHT = 640, 190
_LEFT, _RIGHT, _TOP, _PLOT_HEIGHT = 48, 4, 10, 158
#: Half the width of a time label.
_LABEL_MARGIN = 14
#: Number of intervals of the y axis, and seconds between two labels of the x axis.
_INTERVALS, _LABEL_STEP_S = 4, 4 * 3600

#: Returns the text of a value.
Format = Callable[[float], str]


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
    format_value: Format,
    *,
    stacked: bool = False,
) -> str:
    """Return a chart of series over time.

    Parameters
    ----------
    title
        For screen readers, with the last and the highest value of each series.
    series
        The series; all of one length.
    start, step
        Time of the first step in seconds of the epoch, and seconds of a step; shown in UTC.
    format_value
        Returns the text of a value.
    stacked
        Whether to draw stacked bars; otherwise lines.
    """
    steps = list(zip(*(one.values for one in series), strict=True))
    heights = [sum(v or 0.0 for v in values) if stacked else _highest(values) for values in steps]
    ticks = nice_ticks(max(heights, default=0.0))
    scale = _Scale(len(steps), ticks[-1])
    description = xhtml_escape(_description(title, series, format_value))
    parts = [
        f'<svg class="chart" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" '
        f'aria-label="{description}">',
        *_y_axis(ticks, scale, format_value),
        *_x_axis(start, step, scale),
        *(_bars(series, scale) if stacked else _lines(series, scale)),
        *_tooltips(series, start, step, scale, format_value),
        "</svg>",
    ]
    return "".join(parts)


def nice_ticks(highest: float) -> list[float]:
    """Return about five values from 0 to at least the highest: multiples of 1, 2 or 5."""
    if not 0 < highest < math.inf:
        return [0.0, 1.0]
    rough = highest / _INTERVALS
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * n for n in (1, 2, 5, 10) if power * n >= rough * (1 - 1e-9))
    return [step * n for n in range(math.ceil(highest / step * (1 - 1e-9)) + 1)]


@dataclass(frozen=True)
class _Scale:
    """Maps steps and values to coordinates; ``top`` is the value at the upper edge."""

    steps: int
    top: float

    @property
    def width(self) -> float:
        """Width of a step."""
        return (_WIDTH - _LEFT - _RIGHT) / max(1, self.steps)

    def x(self, step: float) -> float:
        """Return the left edge of a step."""
        return _LEFT + self.width * step

    def y(self, value: float) -> float:
        """Return the height of a value."""
        return _TOP + _PLOT_HEIGHT * (1 - value / self.top)


def _y_axis(ticks: Sequence[float], scale: _Scale, format_value: Format) -> list[str]:
    parts = []
    for tick in ticks:
        y = scale.y(tick)
        label = xhtml_escape(format_value(tick))
        parts.append(f'<path class="grid" d="M{_LEFT} {y:.1f}H{_WIDTH - _RIGHT}"/>')
        parts.append(f'<text class="y" x="{_LEFT - 6}" y="{y + 3.5:.1f}">{label}</text>')
    return parts


def _x_axis(start: float, step: float, scale: _Scale) -> list[str]:
    parts = []
    first = math.ceil(start / _LABEL_STEP_S) * _LABEL_STEP_S
    for second in range(first, int(start + step * scale.steps), _LABEL_STEP_S):
        x = scale.x((second - start) / step)
        if _LEFT + _LABEL_MARGIN < x < _WIDTH - _LABEL_MARGIN:
            parts.append(f'<text class="x" x="{x:.1f}" y="{_HEIGHT - 6}">{_clock(second)}</text>')
    return parts


def _bars(series: Sequence[Series], scale: _Scale) -> list[str]:
    """Return a path for each series: a bar for each value, on top of those of earlier series."""
    stacked = [0.0] * scale.steps
    paths = []
    for one in series:
        bars = []
        for index, value in enumerate(one.values):
            if value:
                bottom, stacked[index] = stacked[index], stacked[index] + value
                x, width = scale.x(index) + scale.width * 0.1, scale.width * 0.8
                height = scale.y(bottom) - scale.y(stacked[index])
                bars.append(
                    f"M{x:.1f} {scale.y(bottom):.1f}v{-height:.1f}h{width:.1f}v{height:.1f}z"
                )
        paths.append(f'<path class="bar {one.style}" d="{"".join(bars)}"/>')
    return paths


def _lines(series: Sequence[Series], scale: _Scale) -> list[str]:
    """Return a line for each run of values without a gap; a single value is a dot."""
    parts = []
    for one in series:
        run: list[str] = []
        for index, value in enumerate([*one.values, None]):
            if value is not None:
                run.append(f"{scale.x(index + 0.5):.1f} {scale.y(value):.1f}")
            elif run:
                # With round line caps, a line of zero length is a dot.
                line = "L".join(run if len(run) > 1 else run * 2)
                parts.append(f'<path class="line {one.style}" d="M{line}"/>')
                run = []
    return parts


def _tooltips(
    series: Sequence[Series], start: float, step: float, scale: _Scale, format_value: Format
) -> list[str]:
    parts = []
    for index, values in enumerate(zip(*(one.values for one in series), strict=True)):
        texts = [f"{s.name} {format_value(v)}" for s, v in zip(series, values, strict=True) if v]
        if texts:
            title = xhtml_escape(" · ".join([f"{_clock(start + step * index)} UTC", *texts]))
            parts.append(
                f'<rect class="hover" x="{scale.x(index):.1f}" y="{_TOP}" '
                f'width="{scale.width:.1f}" height="{_PLOT_HEIGHT}"><title>{title}</title></rect>'
            )
    return parts


def _highest(values: Sequence[float | None]) -> float:
    return max((value for value in values if value is not None), default=0.0)


def _description(title: str, series: Sequence[Series], format_value: Format) -> str:
    parts = []
    for one in series:
        values = [value for value in one.values if value is not None]
        if values:
            last, highest = format_value(values[-1]), format_value(max(values))
            parts.append(f"{one.name}: last {last}, highest {highest}")
    return f"{title}. {'; '.join(parts) or 'No data yet'}."


def _clock(second: float) -> str:
    return datetime.fromtimestamp(second, timezone.utc).strftime("%H:%M")
