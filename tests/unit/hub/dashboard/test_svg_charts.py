"""Charts: well formed, within their frame, readable by screen readers."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest

from jupyter_safecoder.hub.dashboard.formatting import count
from jupyter_safecoder.hub.dashboard.svg_charts import Series, nice_ticks, plot

START = 1_772_409_600.0  # 00:00 UTC
VALUES: dict[str, list[float | None]] = {
    "nothing": [],
    "zeros": [0.0] * 96,
    "gaps": [None, 1.0, None, None, 2.0, 3.0, None],
    "one": [5.0],
    "large": [1e12, 0.0, 5e11],
    "small": [1e-9, 3e-9],
}


def drawn(*series: Series, stacked: bool = False) -> ElementTree.Element:
    svg = plot("Title & <more>", series, START, 900, count, stacked=stacked)
    return ElementTree.fromstring(svg)


def paths(root: ElementTree.Element, style: str) -> list[str]:
    return [p.get("d", "") for p in root.iter("path") if p.get("class", "").startswith(style)]


@pytest.mark.parametrize("stacked", [False, True])
@pytest.mark.parametrize("values", VALUES.values(), ids=VALUES)
def test_any_values_are_drawn_within_the_frame(values: list[float | None], stacked: bool) -> None:
    root = drawn(Series("a", values, "a"), Series("b", values, "b"), stacked=stacked)
    _, _, width, height = map(float, root.get("viewBox", "").split())
    for x, y in re.findall(r"[ML](-?[\d.]+) (-?[\d.]+)", " ".join(paths(root, ""))):
        assert 0 <= float(x) <= width
        assert 0 <= float(y) <= height
    assert "nan" not in ElementTree.tostring(root, "unicode").lower()


def test_lines_break_at_gaps() -> None:
    assert len(paths(drawn(Series("a", VALUES["gaps"], "a")), "line")) == 2


def test_bars_are_stacked_and_zeros_are_not_drawn() -> None:
    root = drawn(
        Series("a", [1.0, 0.0, 2.0], "a"), Series("b", [1.0, 3.0, None], "b"), stacked=True
    )
    below, above = paths(root, "bar")
    assert (below.count("M"), above.count("M")) == (2, 2)

    def bars(path: str) -> list[tuple[float, float]]:
        return [(float(y), float(h)) for y, h in re.findall(r"M[\d.]+ ([\d.]+)v-([\d.]+)", path)]

    # The upper bar starts where the lower one ends.
    assert bars(above)[0][0] == pytest.approx(bars(below)[0][0] - bars(below)[0][1])
    assert bars(above)[1][0] == bars(below)[0][0]


def test_descriptions_for_screen_readers() -> None:
    root = drawn(Series("p50", [1.0, 40.0, 7.0], "a"), Series("p95", [None] * 3, "b"))
    assert root.get("role") == "img"
    assert root.get("aria-label") == "Title & <more>. p50: last 7, highest 40."
    assert drawn(Series("a", [], "a")).get("aria-label") == "Title & <more>. No data yet."
    titles = [title.text for title in root.iter("title")]
    assert titles == ["00:00 UTC · p50 1", "00:15 UTC · p50 40", "00:30 UTC · p50 7"]


def test_labels_of_the_time_axis() -> None:
    root = drawn(Series("a", [1.0] * 96, "a"))
    hours = [text.text for text in root.iter("text") if text.get("class") == "x"]
    assert hours == ["04:00", "08:00", "12:00", "16:00", "20:00"]


@pytest.mark.parametrize(
    ("highest", "ticks"),
    [
        (0.0, [0, 1]),
        (3.0, [0, 1, 2, 3]),
        (7.0, [0, 2, 4, 6, 8]),
        (400.0, [0, 100, 200, 300, 400]),
        (430.0, [0, 200, 400, 600]),
        (float("nan"), [0, 1]),
        (float("inf"), [0, 1]),
    ],
)
def test_ticks(highest: float, ticks: list[float]) -> None:
    assert nice_ticks(highest) == pytest.approx(ticks)
