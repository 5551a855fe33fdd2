"""The service's metrics for Prometheus; no label ever names a user."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from jupyterhub.services.auth import HubOAuth
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.core import HistogramMetricFamily
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString

from jupyter_safecoder.confinement import confinement
from jupyter_safecoder.errors import RequestDenied
from jupyter_safecoder.hub.access.administrators import AdminHandler
from jupyter_safecoder.hub.access.policy_file import PolicyFile
from jupyter_safecoder.hub.accounting.record import REQUEST_ACTIONS, Record
from jupyter_safecoder.hub.constants import METRICS as METRICS_SCOPE

from .dashboard import Dashboard
from .latency_histogram import BOUNDS_MS, LatencyHistogram
from .live_stats import LiveStats

_BOUNDS_S = tuple(bound / 1000 for bound in BOUNDS_MS)


@dataclass(frozen=True)
class Metric:
    """A metric as Prometheus knows it."""

    name: str
    kind: Literal["counter", "gauge", "histogram"]
    help: str
    labels: tuple[str, ...] = ()


REQUESTS = Metric(
    "safecoder_requests_total",
    "counter",
    "Requests for completions, and actions of trainers and administrators.",
    ("action", "outcome", "group"),
)
REFUSALS = Metric(
    "safecoder_refusals_total",
    "counter",
    "Requests for completions that were refused.",
    ("reason",),
)
TOKENS = Metric(
    "safecoder_tokens_total", "counter", "Tokens of prompts and completions.", ("kind", "group")
)
TTFT = Metric(
    "safecoder_ttft_seconds",
    "histogram",
    "Time from the arrival of a request to the first token of its completion.",
)
QUEUE_WAIT = Metric(
    "safecoder_queue_wait_seconds",
    "histogram",
    "Time that requests waited in the queue of the service.",
)
ACTIVE_USERS = Metric(
    "safecoder_active_users", "gauge", "Users with a request in the last five minutes."
)
REQUESTS_RUNNING = Metric("safecoder_requests_running", "gauge", "Requests in progress.")
REQUESTS_WAITING = Metric("safecoder_requests_waiting", "gauge", "Requests in the queue.")
RUNTIME_UP = Metric(
    "safecoder_runtime_up",
    "gauge",
    "Whether the runtime of a model and adapter is ready (1) or not (0).",
    ("model", "adapter"),
)
POLICY_OK = Metric(
    "safecoder_policy_ok", "gauge", "Whether the policy file is valid (1) or not (0)."
)
AUDIT_OK = Metric(
    "safecoder_audit_ok", "gauge", "Whether the audit log can be written (1) or not (0)."
)
DRAINING = Metric(
    "safecoder_draining", "gauge", "Whether the service accepts no new requests (1) or does (0)."
)
REFUSED_CONNECTIONS = Metric(
    "safecoder_refused_connections",
    "gauge",
    "Connections to other machines that the service and its running runtimes refused.",
)
#: All metrics, beside those of the process (``process_…``).
METRICS = (
    REQUESTS,
    REFUSALS,
    TOKENS,
    TTFT,
    QUEUE_WAIT,
    ACTIVE_USERS,
    REQUESTS_RUNNING,
    REQUESTS_WAITING,
    RUNTIME_UP,
    POLICY_OK,
    AUDIT_OK,
    DRAINING,
    REFUSED_CONNECTIONS,
)


class Metrics:
    """Counts records, and exposes the counts together with the state of the service.

    Parameters
    ----------
    policy
        The policy file: only its groups are labels.
    live_stats
        Has the times to first token.
    """

    def __init__(self, policy: PolicyFile, live_stats: LiveStats) -> None:
        self._policy = policy
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self._requests = self._counter(REQUESTS)
        self._refusals = self._counter(REFUSALS)
        self._tokens = self._counter(TOKENS)
        self.registry.register(_HistogramCollector(TTFT, live_stats.ttft))
        self._queue_wait = Histogram(
            QUEUE_WAIT.name, QUEUE_WAIT.help, buckets=_BOUNDS_S, registry=self.registry
        )
        self._active_users = self._gauge(ACTIVE_USERS)
        self._running = self._gauge(REQUESTS_RUNNING)
        self._waiting = self._gauge(REQUESTS_WAITING)
        self._runtime_up = self._gauge(RUNTIME_UP)
        self._policy_ok = self._gauge(POLICY_OK)
        self._audit_ok = self._gauge(AUDIT_OK)
        self._draining = self._gauge(DRAINING)
        self._refused_connections = self._gauge(REFUSED_CONNECTIONS)

    def observe(self, record: Record) -> None:
        """Count a record."""
        policy = self._policy.reload_if_changed()
        group = record.group if policy and record.group in policy.groups else ""
        self._requests.labels(record.action, record.outcome, group).inc()
        if record.action not in REQUEST_ACTIONS:
            return
        self._tokens.labels("prompt", group).inc(record.prompt_tokens)
        self._tokens.labels("completion", group).inc(record.completion_tokens)
        if record.outcome == "refused":
            self._refusals.labels(record.reason).inc()
        else:
            self._queue_wait.observe(record.waited_ms / 1000)

    async def expose(self, dashboard: Dashboard) -> bytes:
        """Return all metrics in the text format of Prometheus."""
        policy = dashboard.policy.reload_if_changed()
        self._active_users.set(len(dashboard.live_stats.active_users()))
        self._running.set(dashboard.service.dispatcher.running)
        self._waiting.set(dashboard.service.dispatcher.waiting)
        self._runtime_up.clear()
        refused = confinement().refused
        for runtime in await dashboard.runtimes():
            is_up = runtime.status.state in ("ready", "busy")
            self._runtime_up.labels(runtime.model, runtime.adapter).set(is_up)
            refused += runtime.status.network.refused if runtime.status.network else 0
        self._refused_connections.set(refused)
        self._policy_ok.set(policy is not None)
        self._audit_ok.set(not dashboard.audit_writer.audit_error)
        self._draining.set(dashboard.service.gate.draining)
        return generate_latest(self.registry)

    def _counter(self, metric: Metric) -> Counter:
        return Counter(metric.name, metric.help, metric.labels, registry=self.registry)

    def _gauge(self, metric: Metric) -> Gauge:
        return Gauge(metric.name, metric.help, metric.labels, registry=self.registry)


class _HistogramCollector(Collector):
    """Exposes a histogram that is kept elsewhere, in seconds."""

    def __init__(self, metric: Metric, histogram: LatencyHistogram) -> None:
        self._metric = metric
        self._histogram = histogram

    def collect(self) -> Iterator[HistogramMetricFamily]:
        total, buckets = 0, []
        bounds = (*_BOUNDS_S, float("inf"))
        for bound, count in zip(bounds, self._histogram.counts, strict=True):
            total += count
            label = floatToGoString(bound)  # type: ignore[no-untyped-call]
            buckets.append((label, total))
        yield HistogramMetricFamily(
            self._metric.name,
            self._metric.help,
            buckets=buckets,
            sum_value=self._histogram.sum_ms / 1000,
        )


class MetricsHandler(AdminHandler):
    """``GET metrics``, for Prometheus."""

    scope = METRICS_SCOPE

    def initialize(self, dashboard: Dashboard, metrics: Metrics, auth: HubOAuth) -> None:
        """Store what the application passes to each handler."""
        self._dashboard = dashboard
        self._metrics = metrics
        self.hub_auth = auth

    def set_default_headers(self) -> None:
        """Hide the server's name, and forbid caching."""
        self.clear_header("Server")
        self.set_header("Cache-Control", "no-store")
        self.set_header("Content-Type", "text/plain; charset=utf-8")
        self.set_header("X-Content-Type-Options", "nosniff")

    async def get(self) -> None:
        """Respond with all metrics."""
        try:
            if await self.authenticate() is None:
                raise RequestDenied(
                    401,
                    "The request has no JupyterHub token.",
                    f"Send one with the scope {METRICS_SCOPE}.",
                )
        except RequestDenied as denied:
            self.set_status(denied.status)
            return await self.finish(f"{denied.reason} {denied.remedy}\n")
        self.set_header("Content-Type", CONTENT_TYPE_LATEST)
        return await self.finish(await self._metrics.expose(self._dashboard))


def metrics_routes(
    prefix: str, dashboard: Dashboard, metrics: Metrics, auth: HubOAuth
) -> list[tuple[str, type[MetricsHandler], dict[str, Any]]]:
    """Return the route of the metrics.

    Parameters
    ----------
    prefix
        Path of the service; it ends with a slash.
    dashboard, metrics, auth
        Passed to the handler.
    """
    arguments = {"dashboard": dashboard, "metrics": metrics, "auth": auth}
    return [(f"{prefix}metrics/?", MetricsHandler, arguments)]
