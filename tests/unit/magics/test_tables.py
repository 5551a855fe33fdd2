"""Tables as text and as HTML; nothing in a cell is interpreted."""

from __future__ import annotations

import pytest

from jupyter_safecoder.magics.tables import MAX_ROWS, Row, html_table, plain_table

ROWS: list[Row] = [{"job": "ours", "state": "running"}, {"job": "a longer name", "state": None}]


def test_columns_are_aligned() -> None:
    assert plain_table(ROWS) == "job            state\nours           running\na longer name"
    assert plain_table([]) == "(none)"


def test_html_has_cells() -> None:
    found = html_table(ROWS)
    assert found.count("<th ") == 2
    assert found.count("<td ") == 4
    assert ">ours</td>" in found
    assert html_table([]) == "<p>(none)</p>"


@pytest.mark.parametrize(
    "text",
    ["<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "'\"><b>", "</td><b>"],
)
def test_html_is_escaped(text: str) -> None:
    found = html_table([{text: text}])
    assert text not in found
    assert "&amp;amp;" in html_table([{"a": "&amp;"}])
    assert found.count("<table>") == found.count("</table>") == 1


@pytest.mark.parametrize("text", ["[red]x[/red]", "[link=https://a.b]x[/link]", ":smile:", "[/]"])
def test_markup_of_rich_is_text(text: str) -> None:
    assert text in plain_table([{"a": text}])
    assert text in html_table([{"a": text}])


def test_a_value_stays_on_its_line() -> None:
    assert plain_table([{"a": "x = 1\ny\t= 2"}]).splitlines()[1] == "x = 1⏎y = 2"


def test_control_characters_do_not_reach_the_terminal() -> None:
    table = plain_table([{"a": "x\x1b[31mred\x07\x08"}])
    assert "\x1b" not in table
    assert "\x07" not in table
    assert "[31mred" in table


def test_long_values_are_not_wrapped_or_cut() -> None:
    long = "/a/very/long/path" * 50
    assert long in plain_table([{"path": long, "reason": "r"}])


def test_rows_are_bounded() -> None:
    rows = [{"n": number} for number in range(MAX_ROWS + 5)]
    assert html_table(rows).count("<td ") == MAX_ROWS
    assert "… and 5 more" in html_table(rows)
    assert len(plain_table(rows).splitlines()) == 1 + MAX_ROWS + 1
    assert "more" not in plain_table(rows[:MAX_ROWS])
