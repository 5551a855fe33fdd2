"""gridkit: how the team opens runs, loads meters, draws and reports.

The meters are invented: what ``Run.load`` returns is computed from the names of the site, the meter
and the column, and is the same each time.
"""

from __future__ import annotations

import getpass
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

Frame = pd.DataFrame
Span = tuple[pd.Timestamp, pd.Timestamp]
#: The colours of reports.
colours = SimpleNamespace(heat="brown", load="navy", sun="orange", warn="red", water="teal")
#: The columns that every meter has beside its own.
COMMON = ("load_kw", "temp_c", "flow_lps")
_UNITS = {
    **{"kw": "kW", "kwh": "kWh", "c": "°C", "lps": "l/s", "eur": "eur"},
    **{"ms": "m/s", "w": "W", "kg": "kg", "min": "min", "a": "A"},
}
_SCALE = {("W", "kW"): 1e-3, ("kW", "W"): 1e3, ("l/s", "m3/h"): 3.6, ("m3/h", "l/s"): 1 / 3.6}
_LIMITS = {"load_kw": (0.0, 400.0), "temp_c": (-30.0, 60.0), "flow_lps": (0.0, 90.0)}
_PRICES = {"spot": 0.09, "day": 0.21, "night": 0.14, "fixed": 0.18}
_HOLIDAYS = ("01-01", "05-01", "12-25", "12-26")


@dataclass
class Report:
    """What cleaning has dropped."""

    dropped: int = 0


@dataclass
class Run:
    """One analysis of one site, with its notes and results."""

    name: str
    site: str
    year: int = 2024
    notes: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    results: dict[str, Any] = field(default_factory=dict)
    kept: dict[str, Any] = field(default_factory=dict)
    report: Report = field(default_factory=Report)
    status: str = "open"

    @property
    def span(self) -> Span:
        """The first and the last hour of the year of this run."""
        return pd.Timestamp(self.year, 1, 1), pd.Timestamp(self.year, 12, 31, 23)

    def load(self, meter: str, columns: Sequence[str] = (), tz: str = "Europe/Berlin") -> Frame:
        """Load a meter, hour by hour: the columns that every meter has, and those asked for."""
        time = pd.date_range(*self.span, freq="h", tz=tz)
        names = [*COMMON, *(name for name in columns if name not in ("time", *COMMON))]
        values = {name: _series(f"{self.site}/{meter}/{name}", time) for name in names}
        frame = pd.DataFrame({"time": time, **values}, index=time)
        missing = np.random.default_rng(zlib.crc32(meter.encode())).choice(len(frame), 40)
        return frame.drop(frame.index[missing])

    def show(self, frame: Frame, rows: int = 3) -> None:
        """Print the size of a frame and its first rows."""
        print(f"{self.site}: {len(frame)} rows, {', '.join(frame.columns)}")
        print(frame.head(rows).to_string(index=False, float_format="%.2f"))

    def note(self, topic: str, **values: Any) -> None:
        """Note values under a topic."""
        self.notes.append((topic, values))

    def expect(self, condition: bool, message: str) -> bool:
        """Note a message if a condition does not hold."""
        if not condition:
            self.note("expected", message=message)
        return bool(condition)

    @contextmanager
    def check(self, what: str) -> Iterator[None]:
        """Note whether the assertions of a block hold."""
        try:
            yield
            self.note("check", what=what, passed=True)
        except AssertionError:
            self.note("check", what=what, passed=False)

    def result(self, name: str, value: float, unit: str, sure: Sequence[float] = ()) -> None:
        """Store a result with its unit and its interval."""
        self.results[name] = (round(float(value), 2), unit, sure)

    def keep(self, name: str, value: Any) -> None:
        """Keep a table or a profile with the run."""
        self.kept[name] = value

    def close(self, status: str, by: str, next_step: str = "none") -> None:
        """Close the run: its status is draft, review or done."""
        self.status = status
        self.note("closed", by=by, next_step=next_step)


@dataclass(frozen=True)
class Gaps:
    """Where a frame has no rows."""

    starts: pd.DatetimeIndex
    lengths: pd.TimedeltaIndex
    share: float


@dataclass(frozen=True)
class Profile:
    """The low, median and high quantile of each hour, weekday, month or season."""

    low: pd.Series
    median: pd.Series
    high: pd.Series


@dataclass(frozen=True)
class Peak:
    """A peak: when it was, and how high."""

    time: pd.Timestamp
    value: float


@dataclass(frozen=True)
class Saving:
    """What was saved, step by step, in euros."""

    steps: pd.Series

    @property
    def total(self) -> float:
        """The sum of all steps."""
        return float(self.steps.sum())

    def interval(self, sure: float = 0.9) -> tuple[float, float]:
        """Return the interval of the total with this probability."""
        width = float(self.steps.std()) * np.sqrt(len(self.steps)) * (1 + sure)
        return self.total - width, self.total + width


@dataclass
class Baseline:
    """Expects a column from others, by least squares on the days before a change."""

    degree: int = 1
    holidays: Sequence[str] = ()
    using: Sequence[str] = ()
    coefficients: Any = None

    def fit(self, frame: Frame, target: str, using: Sequence[str]) -> Baseline:
        """Fit the target column of a frame from columns, hours or weekdays."""
        self.using = using
        rows = frame[frame[target].notna()]
        self.coefficients = np.linalg.lstsq(self._design(rows), rows[target], rcond=None)[0]
        return self

    def predict(self, frame: Frame) -> pd.Series:
        """Return what was to be expected for each row of a frame."""
        return pd.Series(self._design(frame) @ self.coefficients, index=frame.index)

    def _design(self, frame: Frame) -> np.ndarray:
        columns = [np.ones(len(frame)), frame["time"].dt.strftime("%m-%d").isin(self.holidays)]
        for name in self.using:
            values = frame[name] if name in frame else _group(frame["time"], name)
            values = pd.Series(values).fillna(0).to_numpy(float)
            columns += [values**power for power in range(1, self.degree + 1)]
        return np.column_stack(columns).astype(float)


def open_run(name: str, site: str, year: int = 2024) -> Run:
    """Open the run of a name for a site and a year."""
    return Run(name, site, year)


def theme(name: str = "report") -> None:
    """Set the style of all figures."""
    plt.rcParams.update({"figure.figsize": (8, 3), "axes.grid": name == "report"})


def me() -> str:
    """Return who runs the notebook."""
    return getpass.getuser()


def minutes(number: float) -> pd.Timedelta:
    """Return a duration in minutes."""
    return pd.Timedelta(minutes=number)


def hours(number: float) -> pd.Timedelta:
    """Return a duration in hours."""
    return pd.Timedelta(hours=number)


def day(text: str) -> pd.Timestamp:
    """Return the start of a day, such as 2024-07-14."""
    return pd.Timestamp(text)


def holidays(country: str) -> tuple[str, ...]:
    """Return the holidays of a country as month and day."""
    return (*_HOLIDAYS, "10-03") if country == "de" else _HOLIDAYS


def price(tariff: str) -> float:
    """Return the price of a kWh in a tariff: spot, day, night or fixed."""
    return _PRICES[tariff]


def limits(column: str) -> tuple[float, float]:
    """Return the plausible range of a column."""
    return _LIMITS.get(column, (0.0, 500.0))


def base_unit(column: str) -> str:
    """Return the unit in which the base stores a column."""
    return _UNITS.get(column.rpartition("_")[2], "")


def fmt(value: float, unit: str) -> str:
    """Return a value with its unit as text."""
    return f"{value:.1f} {unit}"


def convert(values: pd.Series, unit: str, to: str) -> pd.Series:
    """Convert values between units; units of different kinds are labels only."""
    return values * _SCALE.get((unit, to), 1.0)


def clean(frame: Frame, limits: tuple[float, float], report: Report) -> Frame:
    """Drop the rows of a frame with a value out of limits, and report how many."""
    inside = frame["load_kw"].between(*limits) | frame["load_kw"].isna()
    report.dropped += int((~inside).sum())
    return frame[inside]


def gaps(frame: Frame, longer_than: pd.Timedelta) -> Gaps:
    """Find the gaps of a frame that are longer than a duration."""
    steps = frame["time"].diff().iloc[1:]
    long = steps[steps > max(longer_than, pd.Timedelta(hours=1))]
    return Gaps(pd.DatetimeIndex(long.index), pd.TimedeltaIndex(long), len(long) / len(frame))


def fill(frame: Frame, gaps: Gaps, method: str = "linear", mark: bool = False) -> Frame:
    """Fill gaps by method: linear, previous, or the profile of the hour; mark adds a column."""
    filled = frame.drop(columns="time").resample("h").mean(numeric_only=True)
    was_empty = filled["load_kw"].isna()
    if method == "linear":
        filled = filled.interpolate()
    elif method == "previous":
        filled = filled.ffill()
    else:
        filled = filled.fillna(filled.groupby(filled.index.hour).transform("mean"))
    if mark:
        filled["filled"] = was_empty
    filled.insert(0, "time", filled.index)
    return filled


def weather(site: str, span: Span, station: str = "airport") -> Frame:
    """Return the weather of a site from a station: outdoor temperature, wind and sun."""
    time = pd.date_range(*span, freq="h", tz="Europe/Berlin")
    names = ("outdoor_c", "wind_mps", "sun_wm2")
    values = {name: _series(f"{site}/{station}/{name}", time) for name in names}
    return pd.DataFrame({"time": time, **values}, index=time)


def join(frame: Frame, other: Frame, on: str, tolerance: pd.Timedelta | None = None) -> Frame:
    """Join two frames on a column, the nearest row within a tolerance."""
    joined = pd.merge_asof(frame, other, on=on, tolerance=tolerance, direction="nearest")
    return joined.set_index(pd.DatetimeIndex(joined["time"]).rename(None))


def align(frame: Frame, other: Frame, names: tuple[str, str] = ("left", "right")) -> Frame:
    """Put two frames side by side; the columns get the names as suffixes."""
    return pd.merge(frame, other, on="time", suffixes=tuple(f"_{name}" for name in names))


def ratio(both: Frame, column: str, floor: float = 0.0) -> pd.Series:
    """Return the ratio of a column of two aligned frames; small values count as the floor."""
    found = [name for name in both.columns if name == column or name.startswith(f"{column}_")]
    return both[found[0]] / both[found[-1]].clip(lower=floor)


def split(frame: Frame, at: pd.Timestamp) -> tuple[Frame, Frame]:
    """Split a frame into before and after a time."""
    after = frame["time"] >= at.tz_localize(frame["time"].dt.tz)
    return frame[~after], frame[after]


def resample(frame: Frame, every: str, how: str = "mean", keep_gaps: bool = False) -> Frame:
    """Resample a frame to steps such as 15min or 1d, by mean, sum, max or median."""
    coarse = frame.drop(columns="time").resample(every).agg(how)
    coarse.insert(0, "time", coarse.index)
    return coarse if keep_gaps else coarse.dropna()


def where(frame: Frame, column: str, above: float) -> Frame:
    """Return the rows whose column is above a value."""
    return frame[frame[column] > above]


def sort(frame: Frame, by: str) -> Frame:
    """Return a frame sorted by a column."""
    return frame.sort_values(by)


def monotonic(times: pd.Series) -> bool:
    """Return whether times only increase."""
    return bool(times.is_monotonic_increasing)


def profile(
    values: pd.Series, by: str = "hour", quantiles: tuple[float, float, float] = (0.1, 0.5, 0.9)
) -> Profile:
    """Return the usual course of values by hour, weekday, month or season."""
    groups = values.groupby(_group(values.index.to_series(), by).to_numpy())
    return Profile(*(groups.quantile(quantile) for quantile in quantiles))


def peaks(values: pd.Series, top: int = 5, apart: pd.Timedelta | None = None) -> list[Peak]:
    """Return the highest values that are some time apart."""
    found: list[Peak] = []
    for time, value in values.sort_values(ascending=False).items():
        if all(abs(time - peak.time) >= (apart or hours(1)) for peak in found):
            found.append(Peak(time, float(value)))
        if len(found) == top:
            break
    return found


def table(frame: Frame, rows: str, values: str, how: str = "mean") -> Frame:
    """Return a table of a column by hour, weekday, month or season."""
    groups = frame.groupby(_group(frame["time"], rows).to_numpy())
    return groups[values].agg(how).to_frame(f"{values} ({how})").rename_axis(rows)


def saving(actual: pd.Series, expected: pd.Series, price: float) -> Saving:
    """Return what was saved: the difference of expected and actual, at a price."""
    return Saving((expected - actual) * price)


def show(table: Frame, digits: int = 1, caption: str = "") -> None:
    """Print a table with a caption."""
    print(caption)
    print(table.round(digits).to_string())


def figure(title: str, unit: str = "", wide: bool = False) -> tuple[Any, Any]:
    """Open a figure with a title and the unit of its values."""
    fig, ax = plt.subplots(figsize=(10, 3) if wide else None)
    ax.set_title(title)
    ax.set_ylabel(unit)
    return fig, ax


def line(ax: Any, values: pd.Series, label: str = "", colour: str = colours.load) -> None:
    """Draw values as a line."""
    ax.plot(values.index, values, label=label, color=colour, lw=1)


def band(ax: Any, low: pd.Series, high: pd.Series, colour: str = colours.load) -> None:
    """Draw the band between two courses."""
    ax.fill_between(low.index, low, high, color=colour, alpha=0.3)


def heatmap(ax: Any, values: pd.Series, x: str, y: str, colour: str = colours.heat) -> None:
    """Draw the mean of values by two of hour, weekday, month and season."""
    times = values.index.to_series()
    keys = [_group(times, y).to_numpy(), _group(times, x).to_numpy()]
    ax.pcolormesh(values.groupby(keys).mean().unstack().to_numpy(), cmap="magma")
    ax.set(xlabel=x, ylabel=y, facecolor=colour)


def save(fig: Any, run: Run, name: str) -> None:
    """Finish a figure and keep it with its run."""
    if fig.axes[0].get_legend_handles_labels()[0]:
        fig.axes[0].legend(loc="upper right")
    run.keep(f"figure {name}", fig.get_size_inches().tolist())
    plt.close(fig)


def _group(times: pd.Series, by: str) -> pd.Series:
    """Return the hour, weekday, month or season of times."""
    if by == "season":
        return times.dt.month % 12 // 3
    return {"hour": times.dt.hour, "weekday": times.dt.dayofweek, "month": times.dt.month}[by]


def _series(name: str, time: pd.DatetimeIndex) -> np.ndarray:
    """Return the invented values of a column: a year, a day and noise."""
    random = np.random.default_rng(zlib.crc32(name.encode()))
    season = np.cos(2 * np.pi * (time.dayofyear.to_numpy() - 15) / 365)
    daily = np.sin(2 * np.pi * (time.hour.to_numpy() - 7) / 24)
    level, yearly, sway = random.uniform(20, 80), random.uniform(2, 9), random.uniform(2, 9)
    return np.round(level + yearly * season + sway * daily + random.normal(0, 2, len(time)), 2)
