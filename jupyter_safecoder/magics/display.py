"""What people see: HTML where there is a browser, the same as plain text everywhere else."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from jupyter_safecoder.adapters.registry import Card
from jupyter_safecoder.finetune.evaluation.loss_plot import can_draw, curves_png
from jupyter_safecoder.finetune.jobs.backends import AdapterInfo
from jupyter_safecoder.finetune.jobs.job import JobStatus
from jupyter_safecoder.protocol import Status

from . import mimebundle as bundle

#: Rows of a table that are shown; the command line prints all.
_ROWS = 200

Row = Mapping[str, object]


def text(line: str) -> None:
    """Show a line."""
    print(line)


def code(source: str) -> None:
    """Show code."""
    _show(source, f"<pre>{html.escape(source)}</pre>")


def state(status: Status, offers: Sequence[AdapterInfo], jobs: Sequence[JobStatus]) -> None:
    """Show the runtime's state, the adapters and the jobs."""
    model = status.model.name if status.model else "none yet"
    lines = {
        "state": f"{status.state}: {status.reason} {status.remedy}".strip(),
        "model": model,
        "adapter": status.adapter or "none",
        "engine": f"{status.engine or '-'} on {status.device or '-'}",
        "adapters": ", ".join(offer.card.name for offer in offers) or "none",
        "jobs": ", ".join(f"{job.name} ({job.state})" for job in jobs) or "none",
    }
    tables({"SafeCoder": [{"what": name, "is": value} for name, value in lines.items()]})


def corpus(report: Mapping[str, Sequence[Row]]) -> None:
    """Show what would be learned, what is left out, and where secrets were."""
    titles = {
        "taken": "Taken",
        "left_out": "Left out",
        "secrets": "Secrets found, and replaced (cells are counted from 0)",
    }
    tables({f"{titles[name]}: {len(rows)}": rows for name, rows in report.items()})


def jobs(statuses: Sequence[JobStatus]) -> None:
    """Show all jobs."""
    names = ("name", "state", "phase", "step", "total", "reason")
    rows = [{name: asdict(status)[name] for name in names} for status in statuses]
    tables({f"Jobs: {len(rows)}": rows})


def adapters(offers: Sequence[AdapterInfo]) -> None:
    """Show all adapters."""
    rows = [
        {
            "adapter": offer.card.name,
            "base": offer.card.base,
            "in use": "yes" if offer.in_use else "",
            "offered": "yes" if offer.card.offered else "no",
            "why": offer.card.reason,
            "made": offer.card.made,
            "by": offer.card.by,
        }
        for offer in offers
    ]
    tables({f"Adapters: {len(rows)}": rows})


def scores(report: Mapping[str, Any]) -> None:
    """Show the scores of the model as it is served."""
    tables(
        {
            "As it is served now": [
                {
                    "lines": report["tasks"],
                    "exact match": f"{report['exact_match']:.1%}",
                    "edit similarity": f"{report['edit_similarity']:.1%}",
                }
            ]
        }
    )


def score_rows(result: Mapping[str, Any]) -> list[dict[str, object]]:
    """Return the scores of base and adapter as rows."""
    return [
        {
            "judged by": title,
            "": side,
            "exact match": f"{result[part][side]['exact_match']:.1%}",
            "edit similarity": f"{result[part][side]['edit_similarity']:.1%}",
            "loss": f"{result[part][side]['loss']:.3f}",
        }
        for part, title in (("held_out", "held-out notebooks"), ("general", "general code"))
        for side in ("base", "tuned")
    ]


def result(status: JobStatus) -> None:
    """Show what came of a job."""
    if status.state != "done" or status.result is None:
        text(f"{status.name}: {status.state}. {status.reason} {status.remedy}".strip())
        return
    found = status.result
    tables({f"{status.name}: {status.reason}": score_rows(found), "Examples": found["examples"]})
    if found["offered"]:
        text(f"Switch the team over: %safecoder use {status.name}")


def report(card: Card) -> None:
    """Show the card of an adapter, with its curves."""
    facts = {
        "base": card.base,
        "made": f"{card.made} by {card.by}",
        "corpus": ", ".join(f"{name.replace('_', ' ')} {n}" for name, n in card.counts.items()),
        "recipe": ", ".join(f"{name} {value}" for name, value in card.recipe.items()),
        "recited": f"{card.probe.get('recited', 0)} of {card.probe.get('lines', 0)} long lines",
        "secrets told": f"{card.probe.get('told', 0)} of {card.probe.get('secrets', 0)}",
        "offered": f"{'yes' if card.offered else 'no'}: {card.reason}",
    }
    rows = [{"what": name, "is": value} for name, value in facts.items()]
    scored = {"Scores": score_rows(card.scores)} if card.scores else {}
    tables({f"Adapter {card.name}": rows, **scored})
    losses = ", ".join(f"{loss:.3f}" for _, loss in card.curves["held_out"])
    curves = card.curves["train"], card.curves["held_out"]
    bundle.show(
        f"Held-out loss: {losses}", {"image/png": curves_png(*curves)} if can_draw() else {}
    )


def tables(named: Mapping[str, Sequence[Row]]) -> None:
    """Show tables with their titles."""
    plain = "\n\n".join(f"{title}\n{plain_table(rows)}" for title, rows in named.items())
    rich = "".join(
        f"<h4>{html.escape(title)}</h4>{html_table(rows)}" for title, rows in named.items()
    )
    _show(plain, rich)


def plain_table(rows: Sequence[Row]) -> str:
    """Return rows as text in columns."""
    if not rows:
        return "(none)"
    columns = list(rows[0])
    shown = [columns, *([_cell(row.get(column)) for column in columns] for row in rows[:_ROWS])]
    widths = [max(len(line[n]) for line in shown) for n in range(len(columns))]
    return "\n".join(
        "  ".join(value.ljust(width) for value, width in zip(line, widths, strict=True)).rstrip()
        for line in shown
    )


def html_table(rows: Sequence[Row]) -> str:
    """Return rows as an HTML table; what comes from notebooks is escaped."""
    if not rows:
        return "<p>(none)</p>"
    columns = list(rows[0])
    head = "".join(f"<th style='text-align:left'>{html.escape(name)}</th>" for name in columns)
    body = "".join(
        "<tr>"
        + "".join(
            f"<td style='text-align:left'>{html.escape(_cell(row.get(column)))}</td>"
            for column in columns
        )
        + "</tr>"
        for row in rows[:_ROWS]
    )
    more = f"<p>… and {len(rows) - _ROWS} more</p>" if len(rows) > _ROWS else ""
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{more}"


def _cell(value: object) -> str:
    return "" if value is None else str(value).replace("\n", "⏎")


def _show(plain: str, rich: str) -> None:
    bundle.show(plain, {"text/html": rich})
