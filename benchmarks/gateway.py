"""Measures the overhead of a request: from a client through the Jupyter server to the engine.

It uses a real Jupyter server, its runtime process, and the scripted engine, which answers at once:
everything but the model is measured.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

from jupyter_safecoder.engines.scripted import write_scripted_model
from jupyter_safecoder.errors import RuntimeRequestError
from jupyter_safecoder.evaluation.percentiles import percentiles
from jupyter_safecoder.http.sync_client import SyncHttpClient
from jupyter_safecoder.protocol import (
    Cell,
    CompletionRequest,
    Done,
    Text,
    decode_event,
    parse_status,
)
from tests.support.jupyter_server import JupyterServer, jupyter_server

_COMPLETION = "mpy as np"
_CELL = Cell("code", "frame = pd.read_csv('measurements.csv')\nframe.describe()\n" * 4)
_WARM_UP_REQUESTS = 20
_START_TIMEOUT_S = 30


def bench_gateway(
    requests: int, progress: Callable[[int], None] = lambda done: None
) -> dict[str, Any]:
    """Send requests one after the other, each with another prefix.

    Parameters
    ----------
    requests
        Number of requests to measure.
    progress
        Called with the number of requests done.

    Returns
    -------
    dict
        ``first_text_ms`` and ``whole_ms``, the times to the first text and to the end of the
        response as the client sees them, each as p50 and p95.

    Raises
    ------
    RuntimeRequestError
        If the runtime does not start, or a response has no completion.
    """
    first, whole = [], []
    with tempfile.TemporaryDirectory() as temporary:
        directory = Path(temporary)
        model = write_scripted_model(directory / "model", {"otherwise": _COMPLETION})
        config = {"engine": "scripted", "model": str(model), "start_runtime": "server"}
        with jupyter_server(directory, config) as server, closing(_client(server)) as client:
            _wait_until_ready(client)
            request = CompletionRequest("import nu", "", before=(_CELL,) * 20, document="bench")
            for number in range(-_WARM_UP_REQUESTS, requests):
                times = _complete(client, replace(request, prefix=f"x = {number}\nimport nu"))
                if number >= 0:
                    first.append(times[0])
                    whole.append(times[1])
                    progress(number + 1)
    return {
        "requests": requests,
        "request_bytes": len(request.to_json()),
        "first_text_ms": percentiles(first),
        "whole_ms": percentiles(whole),
    }


def _client(server: JupyterServer) -> SyncHttpClient:
    headers = {"Authorization": f"token {server.token}"}
    return SyncHttpClient(f"{server.url}/jupyter-safecoder", headers)


def _wait_until_ready(client: SyncHttpClient) -> None:
    for _ in range(10 * _START_TIMEOUT_S):
        status = parse_status(client.request("GET", "/status", timeout_s=_START_TIMEOUT_S).content)
        if status.state == "ready":
            return
        if status.state == "failed":
            raise RuntimeRequestError(status.reason, status.remedy)
        time.sleep(0.1)
    raise RuntimeRequestError("The runtime did not become ready.")


def _complete(client: SyncHttpClient, request: CompletionRequest) -> tuple[float, float]:
    """Return the milliseconds to the first text, and to the end of the response."""
    start = time.perf_counter()
    first = None
    with closing(client.stream_lines("POST", "/completions", request.to_json())) as lines:
        for line in lines:
            event = decode_event(line)
            if first is None and isinstance(event, Text):
                first = time.perf_counter() - start
            if isinstance(event, Done) and first is not None:
                return first * 1000, (time.perf_counter() - start) * 1000
    raise RuntimeRequestError("The runtime's response ended without a completion.")
