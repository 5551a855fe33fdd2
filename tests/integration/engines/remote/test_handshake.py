"""What keeps the remote engine from loading."""

from __future__ import annotations

from typing import Any

import pytest

from jupyter_safecoder.engines import RemoteServer
from jupyter_safecoder.models.tokenizer import FileTokenizer
from tests.support.completion_server import (
    Behaviour,
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
    LoadProblem,
)


@pytest.mark.usefixtures("hurry")
def test_a_server_that_is_down(server: CompletionServer, load_problem: LoadProblem) -> None:
    server.stop()
    problem = load_problem(RemoteServer(server.url))
    assert "cannot be reached: no connection" in problem.reason
    assert "Start it" in problem.remedy
    server.listen()


async def only_text(request: Any, writer: Any) -> None:
    """Take no ids as a prompt."""
    known = isinstance(request.body["prompt"], str)
    answer = {"choices": [{"text": "a", "finish_reason": "length"}]}
    await respond(200 if known else 422, answer)(request, writer)


@pytest.mark.usefixtures("hurry")
@pytest.mark.parametrize(
    ("path", "behaviour", "reason"),
    [
        (MODELS, respond(401, {}), "asks for a key (HTTP 401)"),
        (MODELS, respond(403, {}), "asks for a key (HTTP 403)"),
        (MODELS, respond(404, {}), "no such model or door (HTTP 404)"),
        (MODELS, respond(429, {}), "too busy or still starting (HTTP 429)"),
        (MODELS, respond(302, {}, Location="http://localhost:1/"), "redirects elsewhere"),
        (MODELS, respond(500, {}), "failed (HTTP 500)"),
        (MODELS, hang, "gave nothing within 0.5 seconds"),
        (MODELS, hang_up, "closed the connection without an answer"),
        (MODELS, respond(200, "<html>"), "no JSON object from /v1/models"),
        (MODELS, respond(200, "[" * 100_000), "no JSON object from /v1/models"),
        (MODELS, respond(200, "x" * 2**21), "no JSON object from /v1/models"),
        (MODELS, respond(200, {"data": 3}), "no list of models"),
        (MODELS, respond(200, {"data": [3, {"id": 4}]}), "does not have one model, but: none"),
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
    behaviour: Behaviour,
    reason: str,
    load_problem: LoadProblem,
) -> None:
    server.instead[path] = behaviour
    problem = load_problem(RemoteServer(server.url))
    assert reason in problem.reason
    assert problem.remedy


def test_a_wrong_model_and_several(
    server: CompletionServer, engine_on: EngineOn, load_problem: LoadProblem
) -> None:
    server.models = {"data": [{"id": "tiny"}, {"id": "large"}]}
    problem = load_problem(RemoteServer(server.url, "small"))
    assert "no model named 'small'; it has: 'tiny', 'large'" in problem.reason
    assert "one model, but: 'tiny', 'large'" in load_problem(RemoteServer(server.url)).reason
    with engine_on(RemoteServer(server.url + "/v1/", "large")):
        assert server.asked[-1].body["model"] == "large"


def test_another_tokenizer_is_named(server: CompletionServer, load_problem: LoadProblem) -> None:
    async def swapped(request: Any, writer: Any) -> None:
        ids = request.body["tokens"]
        text = server._vocabulary.decode(ids, skip_special_tokens=False)
        await respond(200, {"prompt": text.replace("fim_middle", "fim_prefix")})(request, writer)

    server.instead[DETOKENIZE] = swapped
    assert "'<fim_middle>'" in load_problem(RemoteServer(server.url)).reason


def test_a_server_without_a_way_to_check_says_so(
    server: CompletionServer, caplog: pytest.LogCaptureFixture, engine_on: EngineOn
) -> None:
    server.instead[DETOKENIZE] = respond(404, {})
    with engine_on(RemoteServer(server.url)) as engine:
        assert engine.device.endswith("(tokenizer not checked)")
    assert "no way to check its tokenizer" in caplog.text


def test_text_from_a_server_for_a_tokenizer_that_cannot_join_it(
    server: CompletionServer, monkeypatch: pytest.MonkeyPatch, load_problem: LoadProblem
) -> None:
    # As sentencepiece does: each text begins with a space of its own.
    encode = FileTokenizer.encode
    monkeypatch.setattr(FileTokenizer, "encode", lambda self, text: encode(self, " " + text))
    server.dialect = "text"
    problem = load_problem(RemoteServer(server.url))
    assert "cannot encode it piece by piece" in problem.reason


@pytest.mark.parametrize(
    "url", ["", "localhost:8000", "ftp://localhost", "http://", "http://h/?a=b", "http://[::"]
)
def test_an_address_that_is_none(url: str, load_problem: LoadProblem) -> None:
    assert "not the address of a server" in load_problem(RemoteServer(url)).reason


def test_a_password_in_the_address_is_refused_and_not_repeated(load_problem: LoadProblem) -> None:
    problem = load_problem(RemoteServer("http://me:geheim@localhost"))
    assert "a name or a password" in problem.reason
    assert "geheim" not in problem.reason + problem.remedy
