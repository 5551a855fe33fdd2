"""The remote engine against a server that misbehaves; real servers are in tests/remote."""

from __future__ import annotations

import json
import logging
import os
import shutil
import ssl
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from completion_server import (
    Behaviour,
    CompletionServer,
    endless_line,
    hang,
    hang_up,
    ping_for_ever,
    respond,
    stream_of,
)
from processes import RuntimeProcess, until

from jupyter_safecoder.engines import (
    EngineOptions,
    EngineOutput,
    EngineProblem,
    RemoteServer,
    remote_access,
    remote_check,
)
from jupyter_safecoder.engines.remote import PREFIX_HEADER, RemoteEngine, prefix_of
from jupyter_safecoder.models import EMBEDDED, ModelDescription, find_model
from jupyter_safecoder.models.tokenizer import FileTokenizer
from jupyter_safecoder.protocol import CompletionRequest
from jupyter_safecoder.runtime.client import RuntimeProblem

TEXT = "return naïve + “日本語” 🙂\n"
PROMPT = [10, 11, 12, 13]


def one_by_one(tokenizer: FileTokenizer, text: str) -> list[tuple[str, list[int]]]:
    """Return text and id of each token, as servers give them: split characters with their last."""
    ids = tokenizer.encode(text)
    pieces, said = [], ""
    for number, token in enumerate(ids, 1):
        now = tokenizer.decode(ids[:number]).rstrip("\ufffd")
        pieces.append((now.removeprefix(said), [token]))
        said = now
    return pieces


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> ModelDescription:
    """Return the embedded model with the first ids of its tokenizer alone, which load at once."""
    model = find_model(EMBEDDED)
    content = json.loads(model.tokenizer.read_text("utf-8"))
    bpe = content["model"]
    bpe["vocab"] = {text: token for text, token in bpe["vocab"].items() if token < 1000}
    pairs = [m if isinstance(m, list) else m.split(" ") for m in bpe["merges"]]
    bpe["merges"] = [pair for pair in pairs if "".join(pair) in bpe["vocab"]]
    path = tmp_path_factory.mktemp("model") / "tokenizer.json"
    path.write_text(json.dumps(content), "utf-8")
    return replace(model, tokenizer=path)


@pytest.fixture(scope="session")
def tokenizer(model: ModelDescription) -> FileTokenizer:
    return FileTokenizer(model.tokenizer)


@pytest.fixture
def server(model: ModelDescription, tokenizer: FileTokenizer) -> Iterator[CompletionServer]:
    with CompletionServer(str(model.tokenizer)) as server:
        server.pieces = [*one_by_one(tokenizer, TEXT), ("", [0])]
        yield server


EngineOn = Callable[[RemoteServer], AbstractContextManager[RemoteEngine]]


@pytest.fixture(scope="session")
def engine_on(model: ModelDescription) -> EngineOn:
    """Return a context manager that loads an engine on a server."""

    @contextmanager
    def engine_on(server: RemoteServer) -> Iterator[RemoteEngine]:
        engine = RemoteEngine(model, EngineOptions(remote=server))
        engine.load()
        try:
            yield engine
        finally:
            engine.close()

    return engine_on


@pytest.fixture
def engine(server: CompletionServer, engine_on: EngineOn) -> Iterator[RemoteEngine]:
    with engine_on(RemoteServer(server.url, patience_s=0.6)) as engine:
        yield engine


def run(engine: RemoteEngine, most: int = 64, ends: tuple[int, ...] = (0,)) -> list[EngineOutput]:
    number = run.number = getattr(run, "number", 0) + 1  # type: ignore[attr-defined]
    engine.submit(number, PROMPT, ends, most)
    return collect(engine)


def collect(engine: RemoteEngine, seconds: float = 10) -> list[EngineOutput]:
    outputs: list[EngineOutput] = []
    end = time.monotonic() + seconds
    while engine.busy():
        outputs += engine.step()
        assert time.monotonic() < end, "The engine does not finish."
    return outputs


def ids_of(outputs: list[EngineOutput]) -> list[int]:
    return [token for output in outputs for token in output.ids]


def failure(outputs: list[EngineOutput]) -> EngineProblem:
    assert outputs[-1].finished == "failed"
    assert outputs[-1].problem is not None
    return outputs[-1].problem


# -- answers ---------------------------------------------------------------------------------------


def test_the_ids_of_a_server_that_gives_them(
    server: CompletionServer, engine: RemoteEngine, tokenizer: FileTokenizer
) -> None:
    outputs = run(engine)
    assert ids_of(outputs) == tokenizer.encode(TEXT)
    assert outputs[-1].finished == "end"
    asked = server.asked[-1].body
    assert asked["prompt"] == PROMPT
    assert asked["stop_token_ids"] == [0]
    assert (asked["temperature"], asked["repetition_penalty"]) == (0, 1.0)


@pytest.mark.parametrize("dialect", ["logprobs", "text"])
def test_the_text_of_other_servers(
    server: CompletionServer, dialect: str, tokenizer: FileTokenizer, engine_on: EngineOn
) -> None:
    # As llama-server does: a token whose bytes are no character yet is not sent.
    server.pieces = [(text, ids) for text, ids in server.pieces if text or ids == [0]]
    server.dialect = dialect
    with engine_on(RemoteServer(server.url)) as engine:
        outputs = run(engine)
    assert tokenizer.decode(ids_of(outputs)) == TEXT
    assert outputs[-1].finished == "end"


@pytest.mark.parametrize("dialect", ["token_ids", "logprobs"])
def test_an_end_token_that_the_server_does_not_know(
    server: CompletionServer, dialect: str, tokenizer: FileTokenizer, engine_on: EngineOn
) -> None:
    end = tokenizer.special("<jupyter_output>")
    server.pieces = [(" x", [350]), ("", [end]), (" y", [351])]
    server.dialect = dialect
    with engine_on(RemoteServer(server.url)) as engine:
        outputs = run(engine, ends=(0, end))
    assert tokenizer.decode(ids_of(outputs)) in (" x", tokenizer.decode([350]))
    assert outputs[-1].finished == "end"


def test_an_end_token_of_the_servers_own_is_none_of_the_ids(
    server: CompletionServer, engine: RemoteEngine
) -> None:
    server.pieces = [("a", [70]), ("b", [71]), ("", [5])]
    assert ids_of(run(engine)) == [70, 71]


def test_length(server: CompletionServer, engine: RemoteEngine) -> None:
    server.pieces, server.finish = [("a", [70]), ("b", [71]), ("c", [72])], "length"
    outputs = run(engine, most=3)
    assert (ids_of(outputs), outputs[-1].finished) == ([70, 71, 72], "length")


def test_a_server_that_does_not_stop_is_cut(server: CompletionServer, engine: RemoteEngine) -> None:
    server.pieces = [("a", [70, 71, 72, 73, 74])] * 10
    outputs = run(engine, most=7)
    assert (ids_of(outputs), outputs[-1].finished) == ([70, 71, 72, 73, 74, 70, 71], "length")
    until(lambda: server.running == 0)


def test_a_prompt_beyond_the_servers_window_is_refused(engine: RemoteEngine) -> None:
    engine.submit(1, [7] * 4096, (0,), 1)
    assert [output.finished for output in collect(engine)] == ["refused"]


def test_requests_run_together_and_cancelling_closes(
    server: CompletionServer, engine: RemoteEngine
) -> None:
    server.pieces, server.pause_s = [(" x", [350])] * 400, 0.01
    for number in (1, 2, 3):
        engine.submit(number, PROMPT, (0,), 400)
    seen: set[int] = set()
    until(lambda: seen.update(output.request for output in engine.step()) or seen == {1, 2, 3})
    assert server.running == 3
    assert engine.cache_use() == 0.75
    for number in (1, 3):
        engine.cancel(number)
    engine.cancel(99)
    until(lambda: server.running == 1, 1)
    assert {output.request for _ in range(5) for output in engine.step()} <= {2}
    engine.cancel(2)
    assert not engine.busy()
    until(lambda: server.running == 0, 1)


def test_no_cancellation_is_lost_among_tokens(
    server: CompletionServer, engine: RemoteEngine
) -> None:
    server.pieces, server.pause_s = [(" x", [350])] * 400, 0.001
    for number in range(30):
        engine.submit(number, PROMPT, (0,), 400)
        until(engine.step)
        engine.cancel(number)
    until(lambda: server.running == 0, 1)


# -- loading ---------------------------------------------------------------------------------------


LoadProblem = Callable[[RemoteServer], EngineProblem]


@pytest.fixture(scope="session")
def load_problem(engine_on: EngineOn) -> LoadProblem:
    """Return a function that loads an engine in vain, and returns why."""

    def load_problem(server: RemoteServer) -> EngineProblem:
        with pytest.raises(EngineProblem) as caught, engine_on(server):
            pass
        return caught.value

    return load_problem


@pytest.fixture
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let loading give up after half a second."""
    monkeypatch.setattr(remote_check, "_ASK_S", 0.5)


@pytest.mark.usefixtures("hurry")
def test_a_server_that_is_down(server: CompletionServer, load_problem: LoadProblem) -> None:
    server.stop()
    problem = load_problem(RemoteServer(server.url))
    assert "cannot be reached: no connection" in problem.reason
    assert "Start it" in problem.remedy
    server.listen()


MODELS, COMPLETIONS, DETOKENIZE = "/v1/models", "/v1/completions", "/detokenize"


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


# -- faults of one request ------------------------------------------------------------------------


def choice(**fields: Any) -> str:
    return json.dumps({"choices": [{"text": "a", "finish_reason": None, **fields}]})


GOOD = choice(token_ids=[70])


@pytest.mark.parametrize(
    ("behaviour", "reason"),
    [
        (respond(400, {}), "refused the request (HTTP 400)"),
        (respond(401, {}), "asks for a key"),
        (respond(404, {}), "no such model"),
        (respond(429, {}), "too busy"),
        (respond(429, {}, Retry_After="30"), "too busy"),
        (respond(307, {}, Location="/v1/completions"), "redirects elsewhere"),
        (respond(500, {}), "failed (HTTP 500)"),
        (hang, "gave nothing within 0.6 seconds"),
        (ping_for_ever, "gave nothing within 0.6 seconds"),
        (stream_of([GOOD], then=5), "gave nothing within 0.6 seconds"),
        (hang_up, "closed the connection without an answer"),
        (stream_of([]), "broke an answer off"),
        (stream_of([GOOD]), "broke an answer off"),
        (stream_of([GOOD, "[DONE]"]), "broke an answer off"),
        (endless_line, "a line without an end"),
        (stream_of(["x" * 2**17] * 32), "no JSON"),
        (stream_of([json.dumps({"choices": [], "pad": "x" * 2**17})] * 32), "more than the tokens"),
        (stream_of(["[" * 100_000]), "no JSON"),
        (stream_of(["3"]), "no JSON object"),
        (stream_of(["{}"]), "no choices"),
        (stream_of(['{"choices": {}}']), "no choices"),
        (stream_of(['{"choices": ["a"]}']), "a choice that is no object"),
        (stream_of([GOOD, '{"error": {"message": "secret"}}']), "an error in the midst"),
        (stream_of([choice(token_ids="70")]), "no list of token ids"),
        (stream_of([choice(token_ids=[7.0])]), "no list of token ids"),
        (stream_of([choice(token_ids=[True])]), "no list of token ids"),
        (stream_of([choice(token_ids=[-1])]), "no list of token ids"),
        (stream_of([choice(token_ids=[2**40])]), "no list of token ids"),
        (stream_of([choice()]), "no list of token ids"),
        (stream_of([choice(token_ids=[70], finish_reason="abort")]), "an end of another kind"),
        (stream_of([choice(token_ids=[70], finish_reason=["stop"])]), "an end of another kind"),
    ],
)
def test_a_fault_fails_its_request_alone(
    server: CompletionServer, engine: RemoteEngine, behaviour: Behaviour, reason: str
) -> None:
    server.instead["stream"] = behaviour
    problem = failure(run(engine))
    assert reason in problem.reason
    assert problem.remedy
    assert "secret" not in problem.reason
    until(lambda: server.running == 0)
    del server.instead["stream"]
    assert run(engine)[-1].finished == "end"


@pytest.mark.parametrize(
    "fields",
    [{}, {"text": None, "logprobs": None}, {"logprobs": {"content": [{"token": "a"}]}}],
)
def test_garbage_in_log_probabilities(
    server: CompletionServer, fields: dict[str, Any], engine_on: EngineOn
) -> None:
    server.dialect = "logprobs"
    with engine_on(RemoteServer(server.url, patience_s=0.6)) as engine:
        server.instead["stream"] = stream_of([choice(**fields)] * 2)
        assert failure(run(engine)).reason


def test_a_server_that_went_and_came_back(server: CompletionServer, engine: RemoteEngine) -> None:
    server.stop()
    assert "cannot be reached" in failure(run(engine)).reason
    server.listen()
    assert run(engine)[-1].finished == "end"


def test_a_server_that_dies_in_mid_answer(server: CompletionServer, engine: RemoteEngine) -> None:
    server.pieces, server.pause_s = [("a", [70])] * 100, 0.01
    engine.submit(1, PROMPT, (0,), 100)
    until(lambda: ids_of(engine.step()))
    server.stop()
    assert "broke an answer off" in failure(collect(engine)).reason
    assert server.streams == 1, "Never again after the first token."
    server.listen()
    server.pause_s = 0
    assert run(engine)[-1].finished == "length"


# -- retries ---------------------------------------------------------------------------------------


def failing_first(server: CompletionServer, times: int, behaviour: Behaviour) -> Behaviour:
    async def behave(request: Any, writer: Any) -> None:
        answer = behaviour if server.streams <= times else server._stream
        await answer(request, writer)

    return behave


@pytest.mark.parametrize("status", [429, 503])
def test_a_busy_server_is_asked_again(
    server: CompletionServer, engine: RemoteEngine, status: int
) -> None:
    server.instead["stream"] = failing_first(server, 2, respond(status, {}))
    assert run(engine)[-1].finished == "end"
    assert server.streams == 3


def test_retry_after_is_honoured(server: CompletionServer, engine: RemoteEngine) -> None:
    server.instead["stream"] = failing_first(server, 1, respond(503, {}, Retry_After="0.3"))
    began = time.monotonic()
    assert run(engine)[-1].finished == "end"
    assert time.monotonic() - began >= 0.3


def test_no_wait_beyond_the_patience(server: CompletionServer, engine: RemoteEngine) -> None:
    server.instead["stream"] = respond(503, {}, Retry_After="30")
    began = time.monotonic()
    failure(run(engine))
    assert server.streams == 1
    assert time.monotonic() - began < 0.5


@pytest.mark.parametrize("behaviour", [respond(500, {}), hang_up, stream_of([GOOD])])
def test_what_may_have_been_computed_is_not_asked_again(
    server: CompletionServer, engine: RemoteEngine, behaviour: Behaviour
) -> None:
    server.instead["stream"] = behaviour
    failure(run(engine))
    assert server.streams == 1


# -- keys and certificates ------------------------------------------------------------------------


def write_key(path: Path, key: str, mode: int = 0o600) -> str:
    path.write_text(key)
    path.chmod(mode)
    return str(path)


def test_the_key_is_sent_and_read_again_when_it_changes(
    server: CompletionServer, tmp_path: Path, caplog: pytest.LogCaptureFixture, engine_on: EngineOn
) -> None:
    caplog.set_level(logging.DEBUG)
    key = write_key(tmp_path / "key", "first-key\n")
    with engine_on(RemoteServer(server.url, key_file=key)) as engine:
        assert {request.headers["authorization"] for request in server.asked} == {
            "Bearer first-key"
        }
        write_key(tmp_path / "new", "second-key")
        os.replace(tmp_path / "new", key)
        run(engine)
        assert server.asked[-1].headers["authorization"] == "Bearer second-key"
        os.unlink(key)
        assert "cannot be read: No such file" in failure(run(engine)).reason
    assert "-key" not in caplog.text


def test_a_key_that_the_server_does_not_accept(
    server: CompletionServer, tmp_path: Path, load_problem: LoadProblem
) -> None:
    server.instead[MODELS] = respond(401, {})
    key = write_key(tmp_path / "key", "wrong")
    problem = load_problem(RemoteServer(server.url, key_file=key))
    assert "does not accept our key (HTTP 401)" in problem.reason
    assert "wrong" not in problem.reason + problem.remedy


@pytest.mark.parametrize(
    ("content", "mode", "reason"),
    [
        ("key", 0o604, "Everybody on this machine may read"),
        ("", 0o600, "does not hold a key"),
        ("two lines\nof text", 0o600, "does not hold a key"),
        ("k" * 5000, 0o600, "does not hold a key"),
    ],
)
def test_key_files_that_are_refused(
    tmp_path: Path, content: str, mode: int, reason: str, load_problem: LoadProblem
) -> None:
    key = write_key(tmp_path / "key", content, mode)
    assert reason in load_problem(RemoteServer("http://localhost:1", key_file=key)).reason


def test_a_key_that_the_group_may_read_is_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    remote_access.KeyFile(write_key(tmp_path / "key", "key", 0o640))
    assert "The group may read" in caplog.text


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a directory with a CA, and certificates of a server and of a client."""
    directory = tmp_path_factory.mktemp("certificates")

    def openssl(*arguments: str) -> None:
        command = ["openssl", *arguments]
        subprocess.run(command, cwd=directory, check=True, capture_output=True, timeout=30)

    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-noenc")
    for ca in ("ca", "other"):
        openssl(
            *("req", "-x509", *key, "-keyout", f"{ca}.key", "-out", f"{ca}.pem", "-days", "2"),
            *("-subj", f"/CN={ca}"),
        )
    for name in ("localhost", "client"):
        openssl(
            *("req", "-x509", *key, "-keyout", f"{name}.key", "-out", f"{name}.pem"),
            *("-days", "2", "-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{name}"),
            *("-addext", "basicConstraints=critical,CA:FALSE", "-CA", "ca.pem", "-CAkey", "ca.key"),
        )
    return directory


@pytest.fixture
def tls_server(server: CompletionServer, certificates: Path) -> CompletionServer:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates / "localhost.pem", certificates / "localhost.key")
    server.stop()
    server.tls, server.port = context, 0
    server.listen()
    return server


needs_openssl = pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl makes the CA")


@needs_openssl
@pytest.mark.usefixtures("hurry")
def test_tls(
    tls_server: CompletionServer, certificates: Path, engine_on: EngineOn, load_problem: LoadProblem
) -> None:
    remote = RemoteServer(tls_server.url, ca_file=str(certificates / "ca.pem"))
    with engine_on(remote) as engine:
        assert run(engine)[-1].finished == "end"
    for strange in (
        replace(remote, ca_file=""),
        replace(remote, ca_file=certificates / "other.pem"),
    ):
        began = time.monotonic()
        problem = load_problem(strange)
        assert "TLS with the server" in problem.reason
        assert "certificate" in problem.reason
        assert "remote_ca_file" in problem.remedy
        assert time.monotonic() - began < 0.4, "It is not asked again."
    by_address = replace(remote, url=tls_server.url.replace("localhost", "127.0.0.1"))
    assert "TLS with the server" in load_problem(by_address).reason


@needs_openssl
@pytest.mark.usefixtures("hurry")
def test_tls_with_a_client_certificate(
    tls_server: CompletionServer, certificates: Path, engine_on: EngineOn, load_problem: LoadProblem
) -> None:
    assert tls_server.tls
    tls_server.tls.load_verify_locations(certificates / "ca.pem")
    tls_server.tls.verify_mode = ssl.CERT_REQUIRED
    remote = RemoteServer(tls_server.url, ca_file=str(certificates / "ca.pem"))
    assert load_problem(remote).reason
    own = replace(
        remote,
        certificate_file=str(certificates / "client.pem"),
        certificate_key_file=str(certificates / "client.key"),
    )
    with engine_on(own) as engine:
        assert run(engine)[-1].finished == "end"
    mismatched = replace(own, certificate_key_file=str(certificates / "other.key"))
    assert "not a pair" in load_problem(mismatched).reason
    assert "No such file" in load_problem(replace(own, certificate_file="/none.pem")).reason


@needs_openssl
@pytest.mark.parametrize("content", [None, "no certificate"])
def test_ca_files_that_cannot_be_used(
    tmp_path: Path, content: str | None, load_problem: LoadProblem
) -> None:
    if content:
        (tmp_path / "ca.pem").write_text(content)
    remote = RemoteServer("https://localhost:1", ca_file=str(tmp_path / "ca.pem"))
    assert "cannot be used as c.SafeCoder.remote_ca_file" in load_problem(remote).reason


# -- routing ---------------------------------------------------------------------------------------


def test_the_routing_header_stays_while_a_person_types() -> None:
    document, key = [1000 + n % 700 for n in range(900)], b"k" * 32
    typed = {prefix_of([*document, *range(n)], key) for n in range(500)}
    assert len(typed) == 1
    assert prefix_of([5, *document], key) not in typed
    assert prefix_of(document, b"l" * 32) not in typed
    short = [prefix_of(document[:n], key) for n in range(1, 200)]
    assert len(set(short)) < 10


def test_the_routing_header_is_sent(server: CompletionServer, engine: RemoteEngine) -> None:
    run(engine)
    run(engine)
    first, second = (request.headers[PREFIX_HEADER.lower()] for request in server.asked[-2:])
    assert first == second
    assert len(bytes.fromhex(first)) == 8


# -- the whole way ---------------------------------------------------------------------------------


def test_a_runtime_survives_its_server(
    server: CompletionServer, start_runtime: Callable[..., RuntimeProcess]
) -> None:
    server.instead[DETOKENIZE] = respond(404, {})  # its tokenizer is a part of the model's
    runtime = start_runtime(remote_url=server.url, deadline_s=2.0)
    runtime.client.wait_until_ready()
    assert runtime.client.status().engine == "remote"
    request = CompletionRequest(prefix="geheim = 1\n", suffix="")
    assert runtime.client.complete(request).finish_reason == "end"
    server.instead["stream"] = stream_of([GOOD])
    with pytest.raises(RuntimeProblem, match="broke an answer off"):
        runtime.client.complete(request)
    server.stop()
    with pytest.raises(RuntimeProblem, match="cannot be reached"):
        runtime.client.complete(request)
    server.listen()
    del server.instead["stream"]
    assert runtime.client.complete(request).finish_reason == "end"
    status = runtime.client.status()
    assert (status.state, status.counters.failed, status.counters.completed) == ("ready", 2, 2)
    assert "geheim" not in runtime.log.read_text()
