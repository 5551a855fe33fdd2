"""The service in a real JupyterHub: which tokens have access, and which do not."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import httpx
import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from jupyter_safecoder.clients.hub_environment import (
    SERVICE_TOKEN_VARIABLE,
    TOKEN_VARIABLE,
    URL_VARIABLE,
)
from jupyter_safecoder.hub.constants import access_scope
from tests.support.processes import runtimes_of, until
from tests.support.real_hub import POLICY, SCOPES, Hub, body, server_environment

pytestmark = pytest.mark.timeout(240)


def test_from_a_user_s_server_to_the_model(hub: Hub) -> None:
    hub.start_server("ada")
    with own_client(hub, "ada") as own:
        until(lambda: own.post("/start").json()["state"] == "ready", 60)
        answer = own.post("/completions", content=body())
    assert answer.status_code == 200
    done = json.loads(answer.text.splitlines()[-1])
    assert (done["event"], done["text"]) == ("done", "_world()")
    last = hub.entries()[-1]
    assert (last["user"], last["group"], last["outcome"]) == ("ada", "vision", "end")
    assert last["completion_tokens"] == done["completion_tokens"] > 0
    assert "hello" not in json.dumps(hub.entries())
    assert "_world" not in (hub.directory / "log").read_text()
    # One runtime, and none of a server's own.
    assert len(runtimes_of(hub.process.pid)) == 1


def test_the_token_of_a_server_opens_the_service_and_nothing_else(hub: Hub) -> None:
    """Any process that listens at the address of the service gets it."""
    hub.start_server("bob")
    with own_client(hub, "bob") as own:
        until(lambda: own.post("/start").json()["state"] == "ready", 60)
    environment = server_environment(hub, "bob")
    token, of_server = environment[SERVICE_TOKEN_VARIABLE], environment[TOKEN_VARIABLE]
    # Nothing is sent to the port of the loopback address.
    assert environment[URL_VARIABLE].startswith("http+unix://")
    assert hub.ask(token)[0] == 200
    headers = {"Authorization": f"token {token}"}
    assert hub.client.get(f"{hub.url}/user/bob/api/status", headers=headers).status_code == 403
    own_server = f"{hub.url}/hub/api/users/bob/server"
    assert hub.client.post(own_server, headers=headers).status_code == 403
    # The server's own opens no service.
    assert hub.ask(of_server)[0] == 403


def test_a_user_without_a_group_sees_why_there_is_no_completion(hub: Hub) -> None:
    hub.start_server("eve")
    with own_client(hub, "eve") as own:
        status = own.get("/status").json()
        assert status["state"] == "failed"
        assert "has no access to SafeCoder" in status["reason"]
        assert "Ask an administrator" in status["remedy"]
        assert own.post("/completions", content=body()).status_code == 403


def own_client(hub: Hub, name: str) -> httpx.Client:
    """Return a client of a user's server, with the token that the user's browser has."""
    token = hub.token(name, [f"access:servers!user={name}"])
    return httpx.Client(
        base_url=f"{hub.url}/user/{name}/jupyter-safecoder",
        headers={"Authorization": f"token {token}"},
        timeout=60,
        trust_env=False,
    )


def test_tokens_without_access(hub: Hub) -> None:
    good = hub.token("bob", SCOPES)
    until(lambda: hub.ready(good), 60)
    assert hub.ask(good)[0] == 200
    for forged in ("", "x" * 32, good[:-1] + ("0" if good[-1] != "0" else "1")):
        assert hub.ask(forged)[0] == 401
    assert hub.ask(hub.token("bob", ["access:servers!user=bob"]))[0] == 403
    assert hub.ask(hub.token("bob", [access_scope("safecoder")]))[0] == 403
    service = str(hub.api.headers["Authorization"]).split()[1]
    status, [error] = hub.ask(service)
    assert (status, "service's" in error["message"]) == (403, True)
    expired = hub.token("bob", SCOPES, expires_in=1)
    time.sleep(1.5)
    assert hub.ask(expired)[0] == 401


def test_the_policy_is_in_force_within_five_seconds(hub: Hub) -> None:
    token = hub.token("bob", SCOPES)
    until(lambda: hub.ready(token), 60)

    def refused_with(status: int) -> bool:
        return hub.ask(token)[0] == status

    try:
        for policy, status in (
            ("[groups.speech]\nfeatures = []\n", 403),
            ("[groups.speech]\nfeatures = 3\n", 503),
            (POLICY, 200),
            ("[groups.speech]\ntokens_per_day = 1\n", 429),
            ("", 503),
        ):
            hub.policy.write_text(policy)
            until(partial(refused_with, status), 5)
        hub.policy.unlink()
        until(lambda: refused_with(503), 5)
        log = (hub.directory / "log").read_text()
        assert (
            "policy.toml cannot be used: line 2: 'features' of 'speech' must be of the type array"
            in log
        )
    finally:
        hub.policy.write_text(POLICY)
        until(lambda: refused_with(200), 5)


def test_magics_and_commands_of_a_user_s_server_ask_the_service(hub: Hub, tmp_path: Path) -> None:
    notebook = tmp_path / "work.ipynb"
    nbformat.write(new_notebook(cells=[new_code_cell("hello")]), notebook)
    code = "%load_ext jupyter_safecoder\n%safecoder complete hello\n%safecoder"
    magic = (sys.executable, "-m", "IPython", "--colors=NoColor", "-c", code)
    where = ("--cell", "0", "--line", "0", "--column", "5")
    command = (sys.executable, "-m", "jupyter_safecoder", "complete", str(notebook), *where)

    def output(words: tuple[str, ...], token: str) -> str:
        service = {URL_VARIABLE: f"{hub.service}/", SERVICE_TOKEN_VARIABLE: token}
        done = subprocess.run(
            words, env={**os.environ, **service}, capture_output=True, text=True, timeout=60
        )
        return done.stdout + done.stderr

    bob, eve = hub.token("bob", SCOPES), hub.token("eve", ["access:servers!user=eve"])
    assert output(command, bob).strip() == "_world()"
    assert "hello_world()" in (text := output(magic, bob))
    assert "ready" in text
    for words in (command, magic):
        assert "This token has no access to SafeCoder." in output(words, eve)
    assert hub.entries()[-1]["user"] == "bob"


@pytest.mark.parametrize(
    ("content", "status"),
    [(b"{", 400), (b'{"version": 2}', 400), (b"x" * (17 * 2**20), 413), (b"", 400)],
)
def test_bodies_that_are_not_requests(hub: Hub, content: bytes, status: int) -> None:
    token = hub.token("bob", SCOPES)
    answer = httpx.post(
        f"{hub.service}/completions",
        content=content,
        headers={"Authorization": f"token {token}", "X-SafeCoder-User": "ada"},
        timeout=30,
        trust_env=False,
    )
    assert answer.status_code == status
    assert json.loads(answer.content)["event"] == "error"


def test_identity_is_the_token_s(hub: Hub) -> None:
    token = hub.token("bob", SCOPES)
    until(lambda: hub.ready(token), 60)
    answer = httpx.post(
        f"{hub.service}/completions",
        content=body(),
        headers={"Authorization": f"token {token}", "X-SafeCoder-User": "ada"},
        trust_env=False,
    )
    assert answer.status_code == 200
    assert hub.entries()[-1]["user"] == "bob"
