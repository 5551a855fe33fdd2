"""What editors ask llama.cpp's server for: whether the model is loaded, and its context window."""

from __future__ import annotations

from collections.abc import Callable

import httpx

from tests.support.processes import RuntimeProcess


def _http(runtime: RuntimeProcess, token: str | None = None) -> httpx.Client:
    given = runtime.connection.token if token is None else token
    return httpx.Client(
        transport=httpx.HTTPTransport(uds=runtime.connection.socket),
        base_url=runtime.connection.base_url,
        headers={"Authorization": f"Bearer {given}"},
        timeout=30,
    )


def test_before_the_model_is_loaded(start_runtime: Callable[..., RuntimeProcess]) -> None:
    runtime = start_runtime({"otherwise": "pass", "load_ms": 120_000})
    with _http(runtime) as http:
        response = http.get("/health")
        assert response.status_code == 503
        assert response.json()["error"]["code"] == "not_ready"


def test_a_loaded_model(start_runtime: Callable[..., RuntimeProcess]) -> None:
    runtime = start_runtime({"otherwise": "pass"}, max_running=3)
    runtime.client.wait_until_ready()
    with _http(runtime) as http:
        assert http.get("/health").json() == {"status": "ok"}
        props = http.get("/v1/props").json()
    assert (props["model_alias"], props["total_slots"]) == ("scripted", 3)
    with _http(runtime, "wrong") as stranger:
        assert stranger.get("/props").status_code == 401
