"""The page of the metrics for Prometheus."""

from __future__ import annotations

from pathlib import Path

from jupyter_safecoder.hub.access.policy_file import PolicyFile
from jupyter_safecoder.hub.dashboard.live_stats import LiveStats
from jupyter_safecoder.hub.dashboard.metrics import METRICS, Metrics

from .markdown import code, table

#: How the names of the process collector's metrics start; it has them on Linux only.
_PROCESS = "process_"


def metrics_page() -> str:
    """Return the page of the metrics that the service's collector has.

    Raises
    ------
    SystemExit
        If ``METRICS`` and the collector differ.
    """
    collector = Metrics(PolicyFile(Path("policy.toml")), LiveStats()).registry
    labels = {metric.name: metric.labels for metric in METRICS}
    rows, found = [], set()
    for family in collector.collect():
        if family.name.startswith(_PROCESS):
            continue
        # The collector keeps the names of counters without their suffix.
        name = f"{family.name}_total" if family.type == "counter" else family.name
        found.add(name)
        names = ", ".join(map(code, labels.get(name, ())))
        rows.append([code(name), family.type, names, family.documentation])
    if different := sorted(found.symmetric_difference(labels)):
        raise SystemExit(f"METRICS and the collector differ in: {', '.join(different)}.")
    return f"""
# Metrics

Metrics of the JupyterHub service, in the text format of Prometheus, at
`/services/safecoder/metrics`. [Metrics](../how-to/jupyterhub.md#metrics) shows how to read them.
No label names a user.

{table(["metric", "type", "labels", "meaning"], rows)}

A histogram `NAME` has the series `NAME_bucket`, `NAME_sum` and `NAME_count`. On Linux the metrics
of the process are there too: `process_…`, as Prometheus's client library defines them.
"""
