"""Displays the output of ``%safecoder``: HTML where the frontend supports it, else text."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from jupyter_safecoder.adapters.card import Card
from jupyter_safecoder.finetune.evaluation.loss_chart import can_draw, draw_losses
from jupyter_safecoder.finetune.jobs.backends import AdapterInfo
from jupyter_safecoder.finetune.jobs.status import JobStatus, describe_plan
from jupyter_safecoder.protocol import Status

from .mimebundle import publish
from .tables import Row, html_table, plain_table


def text(line: str) -> None:
    """Display a line."""
    print(line)


def code(source: str) -> None:
    """Display code."""
    publish(source, {"text/html": f"<pre>{html.escape(source)}</pre>"})


def tables(named: Mapping[str, Sequence[Row]]) -> None:
    """Display tables, by title."""
    plain = "\n\n".join(f"{title}\n{plain_table(rows)}" for title, rows in named.items())
    rich = "".join(
        f"<h4>{html.escape(title)}</h4>{html_table(rows)}" for title, rows in named.items()
    )
    publish(plain, {"text/html": rich})


def state(status: Status, adapters: Sequence[AdapterInfo], jobs: Sequence[JobStatus]) -> None:
    """Display the status of the runtime, the adapters and the jobs.

    Parameters
    ----------
    status
        Of the runtime.
    adapters, jobs
        Those of the user.
    """
    lines = {
        "state": f"{status.state}: {status.reason} {status.remedy}".strip(),
        "model": status.model.name if status.model else "none yet",
        "adapter": status.adapter or "none",
        "engine": f"{status.engine or '-'} on {status.device or '-'}",
        "adapters": ", ".join(info.card.name for info in adapters) or "none",
        "jobs": ", ".join(f"{job.name} ({job.state})" for job in jobs) or "none",
    }
    tables({"SafeCoder": _properties(lines)})


def corpus(report: Mapping[str, Sequence[Row]]) -> None:
    """Display what would be learned, what is left out, and where secrets are replaced."""
    titles = {
        "taken": "Taken",
        "left_out": "Left out",
        "secrets": "Secrets found, and replaced (cells are counted from 0)",
        "warnings": "Replaced often: check that these values are secret",
    }
    tables({f"{titles[name]}: {len(rows)}": rows for name, rows in report.items()})


def jobs(statuses: Sequence[JobStatus]) -> None:
    """Display jobs."""
    names = ("name", "state", "phase", "step", "total_steps", "reason")
    rows = [{name: asdict(status)[name] for name in names} for status in statuses]
    tables({f"Jobs: {len(rows)}": rows})


def plan(status: JobStatus) -> None:
    """Display what a job trains, and how long that takes."""
    text(f"{describe_plan(status)} Stop it at any time: %safecoder stop {status.name}")


def adapters(infos: Sequence[AdapterInfo]) -> None:
    """Display adapters."""
    rows = [
        {
            "adapter": info.card.name,
            "base": info.card.base,
            "in use": "yes" if info.in_use else "",
            "accepted": "yes" if info.card.accepted else "no",
            "reason": info.card.reason,
            "made": info.card.made,
            "by": info.card.by,
        }
        for info in infos
    ]
    tables({f"Adapters: {len(rows)}": rows})


def scores(report: Mapping[str, Any]) -> None:
    """Display the scores of the served model."""
    row = {
        "lines": report["tasks"],
        "exact match": f"{report['exact_match']:.1%}",
        "edit similarity": f"{report['edit_similarity']:.1%}",
    }
    tables({"As it is served now": [row]})


def score_rows(result: Mapping[str, Any]) -> list[dict[str, object]]:
    """Return the scores of the base model and of the adapter as rows."""
    return [
        {
            "evaluated on": title,
            "": side,
            "exact match": f"{result[part][side]['exact_match']:.1%}",
            "edit similarity": f"{result[part][side]['edit_similarity']:.1%}",
            "loss": f"{result[part][side]['loss']:.3f}",
        }
        for part, title in (("held_out", "held-out notebooks"), ("general", "general code"))
        for side in ("base", "tuned")
    ]


def result(status: JobStatus) -> None:
    """Display the result of a job, or why it has none."""
    if status.state != "done" or status.result is None:
        text(f"{status.name}: {status.state}. {status.reason} {status.remedy}".strip())
        return
    rows = score_rows(status.result)
    tables({f"{status.name}: {status.reason}": rows, "Examples": status.result["examples"]})
    if status.result["accepted"]:
        text(f"To serve it: %safecoder use {status.name}")


def report(card: Card) -> None:
    """Display the card of an adapter, with a chart of its losses."""
    probe = card.probe
    facts = {
        "base": card.base,
        "made": f"{card.made} by {card.by}",
        "corpus": ", ".join(f"{name.replace('_', ' ')} {n}" for name, n in card.counts.items()),
        "recipe": ", ".join(f"{name} {value}" for name, value in card.recipe.items()),
        "memorized": f"{probe.get('memorized', 0)} of {probe.get('lines', 0)} long lines",
        "secrets leaked": f"{probe.get('leaked', 0)} of {probe.get('secrets', 0)}",
        "accepted": f"{'yes' if card.accepted else 'no'}: {card.reason}",
    }
    scored = {"Scores": score_rows(card.scores)} if card.scores else {}
    tables({f"Adapter {card.name}": _properties(facts), **scored})
    train, val = card.curves["train"], card.curves["val"]
    losses = ", ".join(f"{loss:.3f}" for _, loss in val)
    chart = {"image/png": draw_losses(train, val)} if can_draw() else {}
    publish(f"Validation loss: {losses}", chart)


def _properties(facts: Mapping[str, object]) -> list[Row]:
    return [{"property": name, "value": value} for name, value in facts.items()]
