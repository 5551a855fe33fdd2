"""A completion server that can be made to misbehave, and an engine that uses it."""

from __future__ import annotations

import json
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

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
    PROXIED_HOST,
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
    with engine_on(RemoteServer(server.url)) as engine:
        yield engine


@pytest.fixture
def impatient_engine(server: CompletionServer, engine_on: EngineOn) -> Iterator[RemoteEngine]:
    """Return an engine that waits for a token for 0.6 seconds alone."""
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
        names = f"subjectAltName=DNS:{name},DNS:{PROXIED_HOST}"
        openssl(
            *("req", "-x509", *key, "-keyout", f"{name}.key", "-out", f"{name}.pem"),
            *("-days", "2", "-subj", f"/CN={name}", "-addext", names),
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
