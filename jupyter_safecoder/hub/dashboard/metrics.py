"""The service's metrics for Prometheus; no label ever names a person."""

from __future__ import annotations

from typing import Any

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

from jupyter_safecoder.errors import RequestDenied
from jupyter_safecoder.hub.access.administrators import AdminHandler
from jupyter_safecoder.hub.access.policy_file import PolicyFile
from jupyter_safecoder.hub.accounting.record import REQUESTS, Record
from jupyter_safecoder.hub.constants import METRICS

from .dashboard import Dashboard
from .latency_histogram import BOUNDS_MS

_SECONDS = tuple(bound / 1000 for bound in BOUNDS_MS)


class Metrics:
    """Counts records, and tells the counts with the state of the service.

    Parameters
    ----------
    policy
        Names the groups that are labels: what it does not name is counted without one.
    """

    def __init__(self, policy: PolicyFile) -> None:
        self._policy = policy
        self.registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        disable_created_metrics()  # type: ignore[no-untyped-call]
        labels = ("action", "outcome", "group")
        self._requests = Counter("safecoder_requests", "Requests.", labels, registry=registry)
        self._refusals = Counter(
            "safecoder_refusals", "Requests that were refused.", ("reason",), registry=registry
        )
        self._tokens = Counter("safecoder_tokens", "Tokens.", ("kind", "group"), registry=registry)
        self._ttft = Histogram(
            "safecoder_ttft_seconds",
            "From a request to the first token of its answer.",
            buckets=_SECONDS,
            registry=registry,
        )
        self._waited = Histogram(
            "safecoder_queue_wait_seconds",
            "In the service's queue.",
            buckets=_SECONDS,
            registry=registry,
        )

        def gauge(name: str, help: str, labels: tuple[str, ...] = ()) -> Gauge:
            return Gauge(f"safecoder_{name}", help, labels, registry=registry)

        self._people = gauge("people_on", "People with a request in the last five minutes.")
        self._running = gauge("running", "Requests that are being answered.")
        self._queue = gauge("queue", "Requests that wait.")
        self._up = gauge("runtime_up", "Whether a runtime answers.", ("model", "adapter"))
        self._policy_ok = gauge("policy_ok", "Whether the policy can be used.")
        self._audit_ok = gauge("audit_ok", "Whether the audit log can be written.")
        self._draining = gauge("draining", "Whether nothing new is taken.")

    def take(self, record: Record) -> None:
        """Count a record."""
        policy = self._policy.current()
        group = record.group if policy and record.group in policy.groups else ""
        self._requests.labels(record.action, record.outcome, group).inc()
        if record.action not in REQUESTS:
            return
        self._tokens.labels("prompt", group).inc(record.prompt_tokens)
        self._tokens.labels("completion", group).inc(record.completion_tokens)
        if record.outcome == "refused":
            self._refusals.labels(record.reason).inc()
        else:
            self._waited.observe(record.waited_ms / 1000)
        if record.ttft_ms is not None:
            self._ttft.observe(record.ttft_ms / 1000)

    async def expose(self, board: Dashboard) -> bytes:
        """Return everything in Prometheus' text format."""
        policy = board.policy.current()
        self._people.set(len(board.figures.on()))
        self._running.set(board.service.admission.running)
        self._queue.set(board.service.admission.waiting)
        self._up.clear()
        for one in await board.runtimes():
            self._up.labels(one.model, one.adapter).set(one.status.state in ("ready", "busy"))
        self._policy_ok.set(policy is not None)
        self._audit_ok.set(not board.ledger.audit_problem)
        self._draining.set(board.service.draining)
        return generate_latest(self.registry)


class MetricsHandler(AdminHandler):
    """``GET metrics``, for Prometheus."""

    scope = METRICS

    def initialize(self, board: Dashboard, metrics: Metrics, auth: HubOAuth) -> None:
        """Take what the application gives."""
        self._board = board
        self._metrics = metrics
        self.hub_auth = auth

    def set_default_headers(self) -> None:
        """Say nothing of what serves, and let nobody keep an answer."""
        self.clear_header("Server")
        self.set_header("Cache-Control", "no-store")
        self.set_header("Content-Type", "text/plain; charset=utf-8")
        self.set_header("X-Content-Type-Options", "nosniff")

    async def get(self) -> None:
        """Answer with all of them."""
        try:
            if await self.administrator() is None:
                raise RequestDenied(
                    401, "There is no token of the Hub.", "Send one that may read them."
                )
        except RequestDenied as refused:
            self.set_status(refused.status)
            return await self.finish(f"{refused.reason} {refused.remedy}\n")
        self.set_header("Content-Type", CONTENT_TYPE_LATEST)
        return await self.finish(await self._metrics.expose(self._board))


def metrics_routes(prefix: str, board: Dashboard, metrics: Metrics, auth: HubOAuth) -> list[Any]:
    """Return the door of the metrics below a prefix that ends with a slash."""
    return [
        (f"{prefix}metrics/?", MetricsHandler, {"board": board, "metrics": metrics, "auth": auth})
    ]
