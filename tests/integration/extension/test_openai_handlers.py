"""The OpenAI-compatible endpoints of a real Jupyter server, with OpenAI's own client."""

from __future__ import annotations

from collections.abc import Iterator

import openai
import pytest

from jupyter_safecoder.engines.scripted import write_scripted_model
from tests.support.jupyter_server import JupyterServer, jupyter_server
from tests.support.processes import runtimes_of, until

TEXT = "pass\nreturn"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[JupyterServer]:
    directory = tmp_path_factory.mktemp("server")
    script = {"answers": [{"after": "slow", "text": "ab" * 500}], "otherwise": TEXT, "token_ms": 2}
    model = write_scripted_model(directory / "model", script)
    config = {"engine": "scripted", "model": str(model), "max_request_bytes": 100_000}
    with jupyter_server(directory, config) as server:
        yield server


def _client(server: JupyterServer, token: str = "") -> openai.OpenAI:
    return openai.OpenAI(
        base_url=f"{server.url}/jupyter-safecoder/v1",
        api_key=token or server.token,
        max_retries=0,
        timeout=30,
    )


@pytest.fixture
def client(server: JupyterServer) -> Iterator[openai.OpenAI]:
    with _client(server) as client:
        until(lambda: _ready(client))
        yield client


def _ready(client: openai.OpenAI) -> bool:
    try:
        client.completions.create(model="", prompt="x", max_tokens=1)
    except openai.InternalServerError:
        return False
    return True


def test_a_first_request_starts_the_runtime(server: JupyterServer) -> None:
    with _client(server) as client, pytest.raises(openai.InternalServerError) as raised:
        client.completions.create(model="", prompt="x")
    assert raised.value.status_code == 503
    assert raised.value.code == "not_ready"
    until(lambda: runtimes_of(server.process.pid))


def test_models(client: openai.OpenAI) -> None:
    (model,) = client.models.list().data
    assert model.id == "scripted"
    assert client.models.retrieve("scripted").id == "scripted"
    with pytest.raises(openai.NotFoundError):
        client.models.retrieve("team/other")


def test_a_completion(client: openai.OpenAI) -> None:
    answer = client.completions.create(
        model="scripted", prompt="x = ", suffix="\ny", max_tokens=50, temperature=0.2, top_p=0.9
    )
    assert answer.choices[0].text == TEXT
    assert answer.choices[0].finish_reason == "stop"
    assert answer.usage is not None
    assert answer.usage.completion_tokens == len(TEXT)


def test_any_name_of_a_model(client: openai.OpenAI) -> None:
    answer = client.completions.create(
        model="gpt-3.5-turbo-instruct", prompt="x", max_tokens=50, n=1, best_of=1, logprobs=2
    )
    assert (answer.model, answer.choices[0].text) == ("scripted", TEXT)


def test_a_stream(client: openai.OpenAI) -> None:
    stream = client.completions.create(
        model="scripted", prompt="x", max_tokens=50, stop="\n", stream=True
    )
    choices = [part.choices[0] for part in stream]
    assert "".join(choice.text for choice in choices) == "pass"
    assert choices[-1].finish_reason == "stop"


def test_closing_a_stream_cancels(client: openai.OpenAI, server: JupyterServer) -> None:
    from jupyter_safecoder.protocol import parse_status

    def cancelled() -> int:
        answer = client._client.get(
            f"{server.url}/jupyter-safecoder/status",
            headers={"Authorization": f"Bearer {server.token}"},
        )
        return parse_status(answer.content).counters.cancelled

    before = cancelled()
    with client.completions.create(model="", prompt="slow", max_tokens=900, stream=True) as stream:
        next(iter(stream))
    until(lambda: cancelled() > before)


def test_errors_are_those_of_openai(client: openai.OpenAI, server: JupyterServer) -> None:
    with pytest.raises(openai.NotFoundError, match="scripted"):
        client.models.retrieve("other")
    with pytest.raises(openai.BadRequestError, match="greedy"):
        client.completions.create(model="", prompt="x", n=2)
    with pytest.raises(openai.APIStatusError, match="larger than") as raised:
        client.completions.create(model="", prompt="x" * 200_000)
    assert raised.value.status_code == 413
    with _client(server, "wrong") as stranger, pytest.raises(openai.PermissionDeniedError):
        stranger.completions.create(model="", prompt="x")
