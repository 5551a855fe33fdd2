"""The metrics: the registry has those of the list, and they count what was requested."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from jupyter_safecoder.hub.accounting.record import Record
from jupyter_safecoder.hub.dashboard.dashboard import Dashboard
from jupyter_safecoder.hub.dashboard.latency_histogram import BOUNDS_MS
from jupyter_safecoder.hub.dashboard.live_stats import LiveStats
from jupyter_safecoder.hub.dashboard.metrics import METRICS, Metrics
from tests.support.hub_service import make_service

POLICY = "[groups.vision]\n"


class Exposed:
    """Metrics of a service that has started nothing."""

    def __init__(self, directory: Path, policy: str = POLICY) -> None:
        self.parts = make_service(directory, policy)
        self.stats = LiveStats()
        self.metrics = Metrics(self.parts.policy, self.stats)
        self.parts.recorder.listeners += [self.stats.observe, self.metrics.observe]

    def record(self, record: Record) -> None:
        """Pass a record to all listeners."""
        for listener in self.parts.recorder.listeners:
            listener(record)

    def text(self) -> str:
        """Return what Prometheus reads."""
        parts = self.parts
        dashboard = Dashboard(
            parts.service,
            parts.policy,
            parts.usage,
            parts.audit_writer,
            self.stats,
            parts.directory,
        )
        return asyncio.run(self.metrics.expose(dashboard)).decode()

    def samples(self) -> dict[tuple[str, ...], float]:
        """Return the samples by name and values of the labels, sorted by the labels' names."""
        return {
            (sample.name, *(value for _, value in sorted(sample.labels.items()))): sample.value
            for family in text_string_to_metric_families(self.text())
            for sample in family.samples
        }


def test_the_list_is_what_the_registry_has(tmp_path: Path) -> None:
    exposed = Exposed(tmp_path)
    families = {
        family.name + ("_total" if family.type == "counter" else ""): family
        for family in exposed.metrics.registry.collect()
        if not family.name.startswith("process_")
    }
    assert list(families) == [metric.name for metric in METRICS]
    for metric in METRICS:
        family = families[metric.name]
        assert (family.type, family.documentation) == (metric.kind, metric.help)


def test_labels_are_those_of_the_list(tmp_path: Path) -> None:
    exposed = Exposed(tmp_path)
    exposed.record(Record("ada", outcome="refused", reason="limit", group="vision", ttft_ms=1.0))
    labels: dict[str, set[str]] = {}
    for family in text_string_to_metric_families(exposed.text()):
        for sample in family.samples:
            name = re.sub("_(bucket|count|sum)$", "", sample.name)
            labels.setdefault(name, set()).update(set(sample.labels) - {"le"})
    for metric in METRICS:
        assert labels[metric.name] == set(metric.labels), metric.name


def test_names_follow_prometheus_conventions() -> None:
    for metric in METRICS:
        assert metric.name.startswith("safecoder_")
        assert metric.name.endswith("_total") == (metric.kind == "counter")
        assert metric.name.endswith("_seconds") == (metric.kind == "histogram")
        assert metric.help.endswith(".")


def test_requests_tokens_and_refusals_are_counted_without_names(tmp_path: Path) -> None:
    exposed = Exposed(tmp_path)
    exposed.record(
        Record("ada", outcome="end", group="vision", prompt_tokens=9, completion_tokens=4)
    )
    exposed.record(Record("bob", outcome="refused", reason="limit", group="vision"))
    exposed.record(Record("dana", "drain", outcome="done"))
    samples = exposed.samples()
    assert samples["safecoder_requests_total", "complete", "vision", "end"] == 1
    assert samples["safecoder_requests_total", "drain", "", "done"] == 1
    assert samples["safecoder_refusals_total", "limit"] == 1
    assert samples["safecoder_tokens_total", "vision", "prompt"] == 9
    assert samples["safecoder_queue_wait_seconds_count",] == 1
    assert samples["safecoder_active_users",] == 2
    assert not re.search('"(ada|bob|dana)"', exposed.text())


def test_only_groups_of_the_policy_are_labels(tmp_path: Path) -> None:
    exposed = Exposed(tmp_path)
    for group in ("vision", "a group of the user's own", ""):
        exposed.record(Record("ada", group=group, outcome="end"))
    labels = {
        (sample.labels["group"], sample.value)
        for family in exposed.metrics.registry.collect()
        for sample in family.samples
        if sample.name == "safecoder_requests_total"
    }
    assert labels == {("vision", 1), ("", 2)}


def test_times_to_first_token_are_those_of_the_dashboard(tmp_path: Path) -> None:
    exposed = Exposed(tmp_path)
    for milliseconds in (5.0, 10.0, 50.0, 99_999.0):
        exposed.record(Record("ada", outcome="end", ttft_ms=milliseconds))
    samples = exposed.samples()
    assert samples["safecoder_ttft_seconds_count",] == 4
    assert samples["safecoder_ttft_seconds_sum",] == pytest.approx(100.064)
    assert samples["safecoder_ttft_seconds_bucket", "0.01"] == 2
    assert samples["safecoder_ttft_seconds_bucket", "0.06"] == 3
    assert samples["safecoder_ttft_seconds_bucket", "+Inf"] == 4
    buckets = [key for key in samples if key[0] == "safecoder_ttft_seconds_bucket"]
    assert len(buckets) == len(BOUNDS_MS) + 1
    assert exposed.stats.last(1).ttft.counts == exposed.stats.ttft.counts


def test_the_state_of_the_service_is_exposed(tmp_path: Path) -> None:
    exposed = Exposed(tmp_path)
    samples = exposed.samples()
    assert samples["safecoder_policy_ok",] == samples["safecoder_audit_ok",] == 1
    assert samples["safecoder_draining",] == samples["safecoder_requests_running",] == 0
    assert samples["safecoder_runtime_up", "", ""] == 0
    assert samples["safecoder_refused_connections",] == 0
    exposed.parts.service.gate.draining = True
    (tmp_path / "policy.toml").write_text("x = 1")
    exposed.parts.service.gate.reload_policy()
    samples = exposed.samples()
    assert (samples["safecoder_policy_ok",], samples["safecoder_draining",]) == (0, 1)
