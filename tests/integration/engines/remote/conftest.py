"""A completion server that can be made to misbehave, and an engine that uses it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from jupyter_safecoder.engines import EngineOptions, RemoteServer
from jupyter_safecoder.engines.remote import handshake
from jupyter_safecoder.engines.remote.engine import RemoteEngine
from jupyter_safecoder.errors import EngineError
from jupyter_safecoder.models import EMBEDDED, ModelDescription, resolve_model
from jupyter_safecoder.models.tokenizer import FileTokenizer
from tests.support.completion_server import (
    CompletionServer,
)
from tests.support.exchange import (
    TEXT,
    EngineOn,
    LoadError,
    token_by_token,
)


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> ModelDescription:
    """Return the embedded model with the first 1,000 ids of its tokenizer, which loads quickly."""
    model = resolve_model(EMBEDDED)
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
        server.tokens = [*token_by_token(tokenizer, TEXT), ("", [0])]
        yield server


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
    with engine_on(RemoteServer(server.url, token_timeout_s=0.6)) as engine:
        yield engine


@pytest.fixture(scope="session")
def load_error(engine_on: EngineOn) -> LoadError:
    """Return a function that loads an engine, which fails, and returns the error."""

    def load_error(server: RemoteServer) -> EngineError:
        with pytest.raises(EngineError) as caught, engine_on(server):
            pass
        return caught.value

    return load_error


@pytest.fixture
def short_timeout(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let requests of the handshake time out after half a second."""
    monkeypatch.setattr(handshake, "_REQUEST_TIMEOUT_S", 0.5)
