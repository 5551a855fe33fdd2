"""The client of the service's training: what it sends, and what it makes of the answers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest

from jupyter_safecoder.clients.hub_environment import SERVICE_TOKEN_VARIABLE, URL_VARIABLE
from jupyter_safecoder.errors import FinetuneError, ServiceUnavailable
from jupyter_safecoder.finetune.jobs.status import JobStatus
from jupyter_safecoder.hub.training.client import HubTrainingClient, hub_training_client
from jupyter_safecoder.hub.training.submission import decode
from jupyter_safecoder.protocol import Error, encode_event

WAITING = {
    **{"name": "ours", "state": "waiting", "phase": "Waiting in the queue"},
    **{"base": "tiny", "new": "field"},
}


class Service:
    """A service that answers as a test says, and keeps what was asked."""

    def __init__(self) -> None:
        self.answers: dict[str, tuple[int, bytes]] = {}
        self.requests: list[tuple[str, bytes]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                endpoint = f"{self.command} {self.path}"
                outer.requests.append((endpoint, body))
                status, content = outer.answers.get(endpoint, (200, b"[]"))
                self.send_response(status)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_POST = do_DELETE = answer  # noqa: N815

            def log_message(self, *arguments: object) -> None:
                """Log nothing."""

        self.server = HTTPServer(("127.0.0.1", 0), Handler)

    def client(self) -> HubTrainingClient:
        """Return a client of the service."""
        return HubTrainingClient(f"http://127.0.0.1:{self.server.server_port}/", "secret")


@pytest.fixture
def service() -> Iterator[Service]:
    """Start a service."""
    running = Service()
    with running.server:
        thread = Thread(target=running.server.serve_forever, daemon=True)
        thread.start()
        yield running
        running.server.shutdown()
        thread.join()


def answer(data: object, status: int = 200) -> tuple[int, bytes]:
    return status, json.dumps(data).encode()


def test_a_job_is_sent_as_documents(service: Service, tmp_path: Path) -> None:
    (tmp_path / "team.py").write_text("a = 1\n")
    service.answers["POST /jobs"] = answer(WAITING)
    announced: list[JobStatus] = []
    job = service.client().start("ours", [tmp_path], {"rank": 8}, announce=announced.append)
    assert job.name == "ours"
    assert [status.base for status in announced] == ["tiny"]
    assert [endpoint for endpoint, _ in service.requests] == ["GET /jobs", "POST /jobs"]
    sent = decode(service.requests[-1][1])
    assert (sent.name, sent.settings) == ("ours", {"rank": 8})
    assert [cell.source for cell in sent.documents[0].cells] == ["a = 1"]
    assert sent.paths == [[str(tmp_path / "team.py")]]


def test_a_user_who_may_not_train_learns_it_before_anything_is_read(
    service: Service, tmp_path: Path
) -> None:
    error = encode_event(Error("forbidden", "You are not allowed.", "Ask."))
    service.answers["GET /jobs"] = (403, error)
    with pytest.raises(FinetuneError, match="You are not allowed"):
        service.client().start("ours", [tmp_path / "none"], {})


def test_a_refusal_has_its_reason_and_remedy(service: Service) -> None:
    error = encode_event(Error("forbidden", "You are not allowed.", "Ask."))
    service.answers["GET /jobs"] = (403, error)
    with pytest.raises(FinetuneError) as raised:
        service.client().jobs()
    assert (raised.value.reason, raised.value.remedy) == ("You are not allowed.", "Ask.")
    assert not isinstance(raised.value, ServiceUnavailable)


def test_names_are_quoted_in_paths(service: Service) -> None:
    service.client().delete("../a b")
    assert service.requests == [("DELETE /jobs/..%2Fa%20b", b"")]


def test_a_job_s_last_status_is_shown_while_the_service_is_away(service: Service) -> None:
    service.answers["GET /jobs/ours"] = answer(WAITING)
    job = service.client().job("ours")
    assert job.status().phase == "Waiting in the queue"
    away = (503, encode_event(Error("not_ready", "Away.", "Wait.")))
    service.answers |= {"GET /jobs/ours": away, "POST /jobs/ours/stop": away}
    status = job.status()
    assert (status.state, status.phase) == ("waiting", "The Hub's service does not answer")
    with pytest.raises(ServiceUnavailable):
        job.stop()


def test_a_switch_names_the_adapter_or_the_previous_one(service: Service) -> None:
    service.answers["POST /adapters/use"] = answer({"adapter": "ours"})
    client = service.client()
    assert client.use("ours") == {"adapter": "ours"}
    client.use("", previous=True)
    bodies = [json.loads(body) for _, body in service.requests]
    assert bodies == [{"name": "ours", "previous": False}, {"name": "", "previous": True}]


def test_more_processes_are_the_service_s_decision(service: Service, tmp_path: Path) -> None:
    with pytest.raises(FinetuneError, match="service decides"):
        service.client().start("ours", [tmp_path], {}, processes=2)
    assert service.requests == []


def test_a_client_is_made_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(URL_VARIABLE, raising=False)
    assert hub_training_client() is None
    monkeypatch.setenv(URL_VARIABLE, "http://127.0.0.1:9/")
    monkeypatch.setenv(SERVICE_TOKEN_VARIABLE, "secret")
    client = hub_training_client()
    assert client is not None
    with pytest.raises(ServiceUnavailable, match="does not answer"):
        client.jobs()
