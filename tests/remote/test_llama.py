"""The remote engine with llama.cpp's server, and with that of llama-cpp-python."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from jupyter_safecoder.engines import RemoteServer
from jupyter_safecoder.engines.remote.engine import RemoteEngine
from jupyter_safecoder.errors import EngineError
from jupyter_safecoder.models import EMBEDDED, resolve_model
from tests.support.inference_servers import Server, llama_cpp_python, llama_server, serve
from tests.support.processes import RuntimeProcess, until
from tests.support.remote_runtime import complete, complete_on_the_command_line, engine_on

MODEL = resolve_model(EMBEDDED)
CODE = "import numpy as np\n\n\ndef mean(rows):\n    return"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    log = tmp_path_factory.mktemp("llama") / "server.log"
    with serve(log, llama_server(MODEL.weights)) as server:
        yield server


@pytest.fixture(scope="module")
def engine(server: Server) -> Iterator[RemoteEngine]:
    with engine_on(MODEL, RemoteServer(server.url, token_timeout_s=60)) as engine:
        yield engine


def native_completion(server: Server, prompt: list[int], max_tokens: int) -> dict[str, Any]:
    """Return the response of llama.cpp's own endpoint, with ids and text."""
    response: dict[str, Any] = httpx.post(
        f"{server.url}/completion",
        json={"prompt": prompt, "n_predict": max_tokens, "temperature": 0, "return_tokens": True},
        trust_env=False,
        timeout=60,
    ).json()
    return response


@pytest.mark.parametrize(
    "text",
    [CODE, "names = ['é', '日本', '", "# Größe, naïve 🙂\nprint('🙂", "def f(x):\n\treturn"],
)
def test_ids_and_text_are_llama_cpps(engine: RemoteEngine, server: Server, text: str) -> None:
    tokenizer = engine.tokenizer
    prompt = [tokenizer.token_id("<fim_middle>"), *tokenizer.encode(text)]
    native = native_completion(server, prompt, 24)
    stop = tokenizer.token_id("<|endoftext|>")
    ((ids, finished),) = complete(engine, [prompt], (stop,), 24)
    # Where the limit falls inside a character, llama.cpp streams neither its text nor its ids.
    text_of_whole_characters = native["content"].rstrip("\ufffd")
    tokens = [token for token in native["tokens"] if token != stop]
    assert tokenizer.decode(ids) == text_of_whole_characters
    assert ids == tokens[: len(ids)]
    assert ids == tokens or text_of_whole_characters != native["content"]
    assert finished == {"limit": "length", "eos": "end"}[native["stop_type"]]


def test_stop_tokens_that_the_server_does_not_know(engine: RemoteEngine, server: Server) -> None:
    prompt = engine.tokenizer.encode(CODE)
    ids = native_completion(server, prompt, 12)["tokens"]
    stop = ids[5]
    assert complete(engine, [prompt], (stop,), 12) == [(ids[: ids.index(stop)], "end")]


def test_concurrent_requests(engine: RemoteEngine) -> None:
    prompts = [engine.tokenizer.encode(CODE[: 10 * n]) for n in range(1, 5)]
    completions = complete(engine, prompts, (), 8)
    assert all(0 < len(ids) <= 8 for ids, _ in completions)


def test_cancelling_stops_the_server(engine: RemoteEngine, server: Server) -> None:
    engine.submit(1, engine.tokenizer.encode("x = [1, 2, 3, 4, 5, 6, 7, 8, 9,"), (), 2000)
    until(engine.step)
    assert server.metric("llamacpp:requests_processing") == 1
    engine.cancel(1)
    until(lambda: server.metric("llamacpp:requests_processing") == 0, 5)


def test_a_prompt_beyond_the_servers_window(engine: RemoteEngine) -> None:
    assert engine._capabilities.window < MODEL.context_window
    assert complete(engine, [[7] * engine._capabilities.window], (), 8) == [([], "refused")]


def test_end_to_end(
    server: Server, start_runtime: Callable[..., RuntimeProcess], tmp_path: Path
) -> None:
    runtime = start_runtime(remote_url=server.url, deadline_s=60.0)
    runtime.client.wait_until_ready()
    assert runtime.client.status().engine == "remote"
    report = complete_on_the_command_line(tmp_path, CODE)
    assert report["text"].strip()
    assert runtime.client.status().counters.completed == 1


def test_a_server_that_takes_no_ids(tmp_path: Path) -> None:
    with (
        serve(tmp_path / "server.log", llama_cpp_python(MODEL.weights)) as server,
        pytest.raises(EngineError, match="takes no token ids"),
        engine_on(MODEL, RemoteServer(server.url)),
    ):
        pass
