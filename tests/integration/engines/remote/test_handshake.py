"""What prevents the remote engine from loading."""

from __future__ import annotations

from typing import Any

import pytest

from jupyter_safecoder.engines import RemoteServer
from jupyter_safecoder.models.tokenizer import FileTokenizer
from tests.support.completion_server import (
    Behavior,
    CompletionServer,
    hang,
    hang_up,
    respond,
)
from tests.support.exchange import (
    COMPLETIONS,
    DETOKENIZE,
    MODELS,
    EngineOn,
    LoadError,
    collect,
)


@pytest.mark.usefixtures("short_timeout")
def test_a_server_that_is_down(server: CompletionServer, load_error: LoadError) -> None:
    server.stop()
    error = load_error(RemoteServer(server.url))
    assert "cannot be reached: no connection" in error.reason
    assert "Start it" in error.remedy
    server.listen()


async def only_text(request: Any, writer: Any) -> None:
    """Accept no token ids as a prompt."""
    supported = isinstance(request.body["prompt"], str)
    content = {"choices": [{"text": "a", "finish_reason": "length"}]}
    await respond(200 if supported else 422, content)(request, writer)


@pytest.mark.usefixtures("short_timeout")
@pytest.mark.parametrize(
    ("path", "behavior", "reason"),
    [
        (MODELS, respond(401, {}), "asks for an API key (HTTP 401)"),
        (MODELS, respond(403, {}), "asks for an API key (HTTP 403)"),
        (MODELS, respond(404, {}), "no such model or endpoint (HTTP 404)"),
        (MODELS, respond(429, {}), "too busy or still starting (HTTP 429)"),
        (MODELS, respond(302, {}, Location="http://localhost:1/"), "redirects to another URL"),
        (MODELS, respond(500, {}), "failed (HTTP 500)"),
        (MODELS, hang, "sent nothing for 0.5 seconds"),
        (MODELS, hang_up, "closed the connection without a response"),
        (MODELS, respond(200, "<html>"), "no JSON object from /v1/models"),
        (MODELS, respond(200, "[" * 100_000), "no JSON object from /v1/models"),
        (MODELS, respond(200, "x" * 2**21), "no JSON object from /v1/models"),
        (MODELS, respond(200, {"data": 3}), "no list of models"),
        (
            MODELS,
            respond(200, {"data": [3, {"id": 4}]}),
            "does not have exactly one model; it has: none",
        ),
        (COMPLETIONS, only_text, "takes no token ids"),
        (COMPLETIONS, respond(422, {}), "refused the request (HTTP 422)"),
        (COMPLETIONS, respond(500, {}), "failed (HTTP 500)"),
        (COMPLETIONS, respond(200, {"choices": 1}), "no choices"),
        (DETOKENIZE, respond(200, {"prompt": "something else"}), "another tokenizer"),
        (DETOKENIZE, respond(500, {}), "failed (HTTP 500)"),
    ],
)
def test_faults_while_loading(
    server: CompletionServer,
    path: str,
    behavior: Behavior,
    reason: str,
    load_error: LoadError,
) -> None:
    server.overrides[path] = behavior
    error = load_error(RemoteServer(server.url))
    assert reason in error.reason
    assert error.remedy


def test_the_name_of_the_model(
    server: CompletionServer, engine_on: EngineOn, load_error: LoadError
) -> None:
    server.models = {"data": [{"id": "tiny"}, {"id": "large"}]}
    error = load_error(RemoteServer(server.url, "small"))
    assert "no model named 'small'; it has: 'tiny', 'large'" in error.reason
    assert (
        "exactly one model; it has: 'tiny', 'large'" in load_error(RemoteServer(server.url)).reason
    )
    with engine_on(RemoteServer(server.url + "/v1/", "large")):
        assert server.requests[-1].body["model"] == "large"


def test_another_tokenizer_is_reported(server: CompletionServer, load_error: LoadError) -> None:
    async def swapped(request: Any, writer: Any) -> None:
        ids = request.body["tokens"]
        text = server._vocabulary.decode(ids, skip_special_tokens=False)
        await respond(200, {"prompt": text.replace("fim_middle", "fim_prefix")})(request, writer)

    server.overrides[DETOKENIZE] = swapped
    assert "'<fim_middle>'" in load_error(RemoteServer(server.url)).reason


def test_a_server_whose_tokenizer_cannot_be_checked(
    server: CompletionServer, caplog: pytest.LogCaptureFixture, engine_on: EngineOn
) -> None:
    server.overrides[DETOKENIZE] = respond(404, {})
    with engine_on(RemoteServer(server.url)) as engine:
        assert engine.device.endswith("(tokenizer not checked)")
    assert "no endpoint to check its tokenizer" in caplog.text


def test_text_for_a_tokenizer_that_cannot_encode_it_in_parts(
    server: CompletionServer, monkeypatch: pytest.MonkeyPatch, load_error: LoadError
) -> None:
    # Like SentencePiece, which adds a space before each text.
    encode = FileTokenizer.encode
    monkeypatch.setattr(FileTokenizer, "encode", lambda self, text: encode(self, " " + text))
    server.dialect = "text"
    error = load_error(RemoteServer(server.url))
    assert "cannot encode text in parts" in error.reason


@pytest.mark.parametrize(
    "url", ["", "localhost:8000", "ftp://localhost", "http://", "http://h/?a=b", "http://[::"]
)
def test_an_invalid_url(url: str, load_error: LoadError) -> None:
    assert "not the URL of a server" in load_error(RemoteServer(url)).reason


def test_a_password_in_the_url_is_refused_and_not_quoted(load_error: LoadError) -> None:
    error = load_error(RemoteServer("http://me:secret@localhost"))
    assert "a user name or a password" in error.reason
    assert "secret" not in error.reason + error.remedy


@pytest.mark.parametrize(
    ("models", "answers", "window"),
    [
        ({"id": "a", "max_model_len": 512}, {}, 512),  # vLLM
        ({"id": "a", "meta": {"n_ctx_train": 8192, "n_ctx": 1024}}, {}, 1024),  # llama-server
        (
            {"id": "a", "meta": {"n_ctx_train": 8192}},
            {"/props": {"default_generation_settings": {"n_ctx": 700}, "total_slots": 4}},
            700,
        ),
        ({"id": "a"}, {"/info": {"max_total_tokens": 600, "max_input_tokens": 500}}, 600),  # TGI
        ({"id": "a", "max_model_len": 10**6}, {}, 8192),
        ({"id": "a", "max_model_len": None, "meta": 5}, {"/props": {"n_ctx": "x"}}, 8192),
    ],
)
def test_the_window_is_the_smaller_one_of_the_model_and_the_server(
    server: CompletionServer,
    engine_on: EngineOn,
    models: dict[str, Any],
    answers: dict[str, dict[str, Any]],
    window: int,
) -> None:
    server.models = {"data": [models]}
    for path in ("/props", "/info"):
        found = path in answers
        server.overrides[path] = respond(200 if found else 404, answers.get(path, {}))
    with engine_on(RemoteServer(server.url)) as engine:
        assert engine.window == window


def test_a_completion_is_shortened_to_the_window(
    server: CompletionServer, engine_on: EngineOn
) -> None:
    server.models = {"data": [{"id": "a", "max_model_len": 10}]}
    with engine_on(RemoteServer(server.url)) as engine:
        engine.submit(1, [5] * 8, [0], 64)
        collect(engine)
        assert server.requests[-1].body["max_tokens"] == 2
        engine.submit(2, [5] * 10, [0], 64)
        assert [output.finished for output in collect(engine)] == ["refused"]
