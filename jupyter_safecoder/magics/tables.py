"""Tables for notebooks: HTML and text, rendered from one table of rich.

rich's own HTML is text in a ``<pre>`` element. Ours has cells, which wrap, and which screen readers
know.
"""

from __future__ import annotations

import html
import io
from collections.abc import Mapping, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

Row = Mapping[str, object]

#: Maximum rows that are shown; the command line prints all.
MAX_ROWS = 200
#: Columns of the text, so many that nothing wraps.
_WIDTH = 100_000


def plain_table(rows: Sequence[Row]) -> str:
    """Return rows with the same keys as text in columns."""
    if not rows:
        return "(none)"
    stream = io.StringIO()
    # In a kernel, rich would display the table instead of writing it to the stream.
    console = Console(file=stream, width=_WIDTH, color_system=None, force_jupyter=False)
    console.print(_table(rows))
    lines = [line.rstrip() for line in stream.getvalue().splitlines()]
    return "\n".join([*lines, *_more(rows)])


def html_table(rows: Sequence[Row]) -> str:
    """Return rows with the same keys as HTML; text from notebooks is escaped."""
    if not rows:
        return "<p>(none)</p>"
    columns = _table(rows).columns
    head = "".join(_cell("th", column.header) for column in columns)
    body = "".join(
        f"<tr>{''.join(_cell('td', value) for value in values)}</tr>"
        for values in zip(*(column.cells for column in columns), strict=True)
    )
    more = "".join(f"<p>{html.escape(line)}</p>" for line in _more(rows))
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{more}"


def _table(rows: Sequence[Row]) -> Table:
    names = list(rows[0])
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False)
    for name in names:
        table.add_column(_text(name), no_wrap=True)
    for row in rows[:MAX_ROWS]:
        table.add_row(*(_text(row.get(name)) for name in names))
    return table


def _more(rows: Sequence[Row]) -> list[str]:
    return [f"… and {len(rows) - MAX_ROWS} more"] if len(rows) > MAX_ROWS else []


def _text(value: object) -> Text:
    """Return a value as text on one line, without control characters and markup of rich."""
    text = "" if value is None else str(value)
    return Text("".join(map(_visible, text)))


def _visible(character: str) -> str:
    if character == "\n":
        return "⏎"
    if character.isspace():
        return " "
    return character if character.isprintable() else "�"


def _cell(tag: str, content: object) -> str:
    return f"<{tag} style='text-align:left'>{html.escape(str(content))}</{tag}>"
