"""The header for a load balancer, and a server that goes away."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from jupyter_safecoder.engines.remote.engine import PREFIX_HEADER, RemoteEngine
from jupyter_safecoder.errors import RuntimeRequestError
from jupyter_safecoder.protocol import CompletionRequest
from tests.support.completion_server import CompletionServer, respond, stream_of
from tests.support.exchange import DETOKENIZE, GOOD, run
from tests.support.processes import RuntimeProcess


def test_the_routing_header_is_sent(server: CompletionServer, engine: RemoteEngine) -> None:
    run(engine)
    run(engine)
    first, second = (request.headers[PREFIX_HEADER.lower()] for request in server.requests[-2:])
    assert first == second
    assert len(bytes.fromhex(first)) == 8


def test_a_runtime_survives_its_server(
    server: CompletionServer, start_runtime: Callable[..., RuntimeProcess]
) -> None:
    server.overrides[DETOKENIZE] = respond(404, {})  # its tokenizer is only a part of the model's
    runtime = start_runtime(remote_url=server.url, deadline_s=2.0)
    runtime.client.wait_until_ready()
    assert runtime.client.status().engine == "remote"
    request = CompletionRequest(prefix="secret_name = 1\n", suffix="")
    assert runtime.client.complete(request).finish_reason == "end"
    server.overrides["stream"] = stream_of([GOOD])
    with pytest.raises(RuntimeRequestError, match="in the middle of a response"):
        runtime.client.complete(request)
    server.stop()
    with pytest.raises(RuntimeRequestError, match="cannot be reached"):
        runtime.client.complete(request)
    server.listen()
    del server.overrides["stream"]
    assert runtime.client.complete(request).finish_reason == "end"
    status = runtime.client.status()
    assert (status.state, status.counters.failed, status.counters.completed) == ("ready", 2, 2)
    assert "secret_name" not in runtime.log.read_text()
