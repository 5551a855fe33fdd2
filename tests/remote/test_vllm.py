"""The remote engine with a real vLLM and a tiny random checkpoint."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from jupyter_safecoder.engines import RemoteServer
from jupyter_safecoder.engines.remote.engine import RemoteEngine
from jupyter_safecoder.errors import EngineError
from jupyter_safecoder.models import EMBEDDED, ModelDescription, resolve_model
from jupyter_safecoder.models.random_weights import write_random_checkpoint
from jupyter_safecoder.protocol import CompletionRequest
from tests.support.inference_servers import Server, serve, vllm
from tests.support.processes import RuntimeProcess, until
from tests.support.remote_runtime import complete, complete_on_the_command_line, engine_on

# transformers' gpt_bigcode uses a deprecated part of torch.
pytestmark = pytest.mark.filterwarnings("ignore:.torch.jit.script:DeprecationWarning")

WINDOW = 512
KEY = "a-key-of-the-tests"
CODE = "import numpy as np\n\n\ndef mean(rows):\n    return"
#: head_dim 64: the smallest that vLLM's attention on CPUs supports.
SHAPE = {
    "model_type": "gpt_bigcode",
    "n_layer": 2,
    "n_embd": 128,
    "n_head": 2,
    "n_inner": 256,
    "n_positions": WINDOW,
    "vocab_size": 49152,
    "initializer_range": 0.1,
}


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> ModelDescription:
    embedded = resolve_model(EMBEDDED)
    directory = write_random_checkpoint(
        tmp_path_factory.mktemp("vllm") / "tiny", SHAPE, embedded.tokenizer
    )
    # vLLM takes its defaults from this file: a penalty that requests must switch off.
    defaults = {"repetition_penalty": 1.7, "eos_token_id": 0}
    (directory / "generation_config.json").write_text(json.dumps(defaults))
    return replace(
        embedded,
        name="tiny",
        format="checkpoint",
        architecture="gpt_bigcode",
        weights=directory,
        tokenizer=directory / "tokenizer.json",
    )


@pytest.fixture(scope="module")
def server(model: ModelDescription) -> Iterator[Server]:
    environment = {"VLLM_CPU_KVCACHE_SPACE": "1", "VLLM_API_KEY": KEY}
    log = model.weights.with_name("vllm.log")
    with serve(log, vllm(model.weights, WINDOW), key=KEY, **environment) as server:
        yield server


@pytest.fixture(scope="module")
def remote(server: Server, model: ModelDescription) -> RemoteServer:
    key = model.weights.with_name("key")
    key.write_text(KEY)
    key.chmod(0o600)
    return RemoteServer(server.url, key_file=str(key), token_timeout_s=60)


@pytest.fixture(scope="module")
def engine(model: ModelDescription, remote: RemoteServer) -> Iterator[RemoteEngine]:
    with engine_on(model, remote) as engine:
        yield engine


@pytest.fixture(scope="module")
def reference(model: ModelDescription) -> Callable[[list[int], int], list[int]]:
    """Return greedy decoding by transformers in fp32."""
    import torch
    from transformers import AutoModelForCausalLM

    loader: Any = AutoModelForCausalLM
    model_ = loader.from_pretrained(model.weights, dtype=torch.float32).eval()

    def greedy(prompt: list[int], count: int) -> list[int]:
        ids = list(prompt)
        for _ in range(count):
            with torch.no_grad():
                ids.append(int(model_(torch.tensor([ids])).logits[0, -1].argmax()))
        return ids[len(prompt) :]

    return greedy


def test_the_ids_are_those_of_transformers(
    engine: RemoteEngine, reference: Callable[[list[int], int], list[int]]
) -> None:
    prompts = [engine.tokenizer.encode(CODE[: 8 * n]) for n in range(1, 7)]
    expected = [(reference(prompt, 24), "length") for prompt in prompts]
    assert len({tuple(ids) for ids, _ in expected}) == 6
    assert complete(engine, prompts, (), 24) == expected
    assert [complete(engine, [prompt], (), 24)[0] for prompt in prompts] == expected


def test_stop_tokens(
    engine: RemoteEngine, reference: Callable[[list[int], int], list[int]]
) -> None:
    prompt = engine.tokenizer.encode(CODE)
    ids = reference(prompt, 24)
    stop = ids[-1]
    expected = ids[: ids.index(stop)]
    assert complete(engine, [prompt], (0, stop), 24) == [(expected, "end")]


def test_vllm_returns_the_stop_token(server: Server) -> None:
    choice = httpx.post(
        f"{server.url}/v1/completions",
        json={
            **{"model": "tiny", "prompt": [5, 6], "max_tokens": 4, "temperature": 0},
            **{"logit_bias": {"0": 100}, "return_token_ids": True},
        },
        headers={"Authorization": f"Bearer {KEY}"},
        trust_env=False,
    ).json()["choices"][0]
    # ResponseReader relies on it for stop tokens that are not ours.
    assert (choice["token_ids"], choice["finish_reason"]) == ([0], "stop")


def test_tokens_arrive_one_by_one(engine: RemoteEngine) -> None:
    engine.submit(1, engine.tokenizer.encode(CODE), (), 32)
    arrivals = []
    while engine.busy():
        arrivals += [len(output.ids) for output in engine.step()]
    assert sum(arrivals) == 32
    assert len(arrivals) > 8


def test_cancelling_stops_the_server(engine: RemoteEngine, server: Server) -> None:
    before = server.metric("vllm:generation_tokens_total")
    engine.submit(1, [7] * 16, (), 480)
    until(engine.step)
    # Immediately: a fast machine computes all of it while the server's metrics are requested.
    engine.cancel(1)
    until(lambda: server.metric("vllm:num_requests_running") == 0, 5)
    assert not engine.busy()
    computed = server.metric("vllm:generation_tokens_total")
    assert computed - before < 480
    complete(engine, [[7] * 16], (), 1)
    assert server.metric("vllm:generation_tokens_total") == computed + 1


def test_a_prompt_beyond_the_servers_window(engine: RemoteEngine) -> None:
    assert complete(engine, [[7] * WINDOW], (), 8) == [([], "refused")]


def test_another_model(model: ModelDescription, remote: RemoteServer) -> None:
    with (
        pytest.raises(EngineError, match="no model named 'large'; it has: 'tiny'"),
        engine_on(model, replace(remote, model="large")),
    ):
        pass


def test_no_key(model: ModelDescription, remote: RemoteServer) -> None:
    with (
        pytest.raises(EngineError, match=r"asks for an API key \(HTTP 401\)"),
        engine_on(model, replace(remote, key_file="")),
    ):
        pass


def test_another_tokenizer(model: ModelDescription, remote: RemoteServer, tmp_path: Path) -> None:
    text = model.tokenizer.read_text("utf-8")
    swapped = text.replace('"<fim_middle>"', '"<x>"').replace('"<fim_prefix>"', '"<fim_middle>"')
    (tmp_path / "tokenizer.json").write_text(swapped.replace('"<x>"', '"<fim_prefix>"'), "utf-8")
    other = replace(model, tokenizer=tmp_path / "tokenizer.json")
    with pytest.raises(EngineError, match="another tokenizer"), engine_on(other, remote):
        pass


def test_end_to_end(
    remote: RemoteServer, start_runtime: Callable[..., RuntimeProcess], tmp_path: Path
) -> None:
    # The embedded model has the same tokenizer.
    runtime = start_runtime(
        remote_url=remote.url, remote_key_file=remote.key_file, max_tokens_line=8
    )
    runtime.client.wait_until_ready()
    status = runtime.client.status()
    assert (status.engine, status.device) == ("remote", "remote server")
    done = runtime.client.complete(CompletionRequest(prefix=CODE, suffix=""))
    assert 0 < done.completion_tokens <= 8
    assert complete_on_the_command_line(tmp_path, CODE)["text"] == done.text
    assert KEY not in runtime.log.read_text()
