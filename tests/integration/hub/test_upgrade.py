"""The service for a JupyterHub continues over the state of version 0.1, and loses none of it."""

from __future__ import annotations

import asyncio
import gzip
import json
import os
import re
import shutil
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from types import SimpleNamespace

import httpx
import pytest
from tornado.testing import bind_unused_port
from traitlets.config import Config

from jupyter_safecoder.cli.main import build_parser
from jupyter_safecoder.files.toml import read_toml
from jupyter_safecoder.hub import add_safecoder, local_service
from jupyter_safecoder.hub.access.policy_parser import parse_policy
from jupyter_safecoder.hub.accounting.audit_log import AuditLog
from jupyter_safecoder.hub.accounting.audit_verification import verify
from jupyter_safecoder.hub.accounting.pseudonyms import Pseudonyms
from jupyter_safecoder.hub.app import ServiceOptions, serve
from jupyter_safecoder.hub.constants import COMPLETE, TRAIN
from jupyter_safecoder.settings import RuntimeSettings
from tests.support.hub_api import ACCESS, hub_api, user_model
from tests.support.job_runs import Capture, answer, run
from tests.support.version_0_1 import RESTART, VERSION_0_1, contents, rename

_TEAM = "team-5944ae849448-"


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """Return a state directory of the service of version 0.1; ``cache`` is in it."""
    state = Path(shutil.copytree(VERSION_0_1 / "hub", tmp_path / "state"))
    with closing(sqlite3.connect(state / "safecoder.sqlite")) as database:
        database.executescript((state / "database.sql").read_text("utf-8"))
    return state


def test_a_policy_is_refused_until_its_keys_are_renamed(tmp_path: Path, capsys: Capture) -> None:
    policy = tmp_path / "policy.toml"
    shutil.copy(VERSION_0_1 / "hub/policy.toml", policy)
    old = read_toml(policy)
    while run("policy", "check", policy) == 1:
        message = capsys.readouterr().err
        assert re.search(r"line \d+: ", message)
        policy.write_text(rename(policy.read_text(), message))
    new = read_toml(policy)
    assert [*new["groups"]["vision"].values()] == [*old["groups"]["vision"].values()]
    assert [*new["audit"].values()] == [*old["record"].values()]
    grant = parse_policy(policy.read_text()).groups["vision"]
    assert (grant.requests_per_minute, grant.max_training_minutes) == (60, 30.0)


def test_the_audit_log_is_verified_and_continued(state: Path, capsys: Capture) -> None:
    audit = state / "audit"
    assert run("audit", "verify", audit, "--json") == 0
    report = answer(capsys)
    assert (report["ok"], report["lines"]) == (True, 8)
    old = (audit / "audit-000001.jsonl").read_bytes()
    log = AuditLog(audit)
    log.write({"user": "ada", "action": "complete"})
    log.close()
    assert run("audit", "verify", audit, "--json") == 0
    assert answer(capsys)["lines"] == 9
    assert (audit / "audit-000001.jsonl").read_bytes().startswith(old)
    (audit / "audit-000001.jsonl").write_bytes(old.replace(b'"eve"', b'"bob"'))
    assert run("audit", "verify", audit) == 1


@asynccontextmanager
async def service(
    state: Path, policy: str, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[httpx.AsyncClient]:
    """Run the service over a state directory; yield a client with the token of ada."""
    owners = {"ada": user_model("ada", ["vision"], ACCESS, COMPLETE, TRAIN)}
    listener, port = bind_unused_port()
    listener.close()
    (state / "policy.toml").write_text(policy)
    settings = RuntimeSettings(cache_dir=str(state / "cache"))
    async with hub_api(monkeypatch, owners):
        monkeypatch.setenv("JUPYTERHUB_SERVICE_URL", f"http://127.0.0.1:{port}")
        parent = SimpleNamespace(runs=True)
        monkeypatch.setattr("os.getppid", lambda: 2 if parent.runs else 1)
        options = ServiceOptions(settings, state / "policy.toml", state, end_with_parent=True)
        serving = asyncio.ensure_future(serve(options))
        async with httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{port}/services/safecoder/",
            headers={"Authorization": "token ada"},
            trust_env=False,
        ) as client:
            while True:
                try:
                    await client.get("health")
                    break
                except httpx.ConnectError:
                    assert not serving.done()
                    await asyncio.sleep(0.05)
            try:
                yield client
            finally:
                parent.runs = False
                assert await serving == 0


def renamed_policy() -> str:
    text = (VERSION_0_1 / "hub/policy.toml").read_text("utf-8")
    for old, new in (
        *(("requests_a_minute", "requests_per_minute"), ("tokens_a_day", "tokens_per_day")),
        *(("running", "max_running"), ("waiting", "max_waiting"), ("training_", "max_training_")),
        *(("record", "audit"), ("people", "identity"), ("keep_days", "retention_days")),
    ):
        text = text.replace(old, new)
    return text


def test_the_service_goes_on_over_its_state(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def test() -> None:
        async with service(state, renamed_policy(), monkeypatch) as client:
            [adapter] = (await client.get("adapters")).json()
            assert (adapter["card"]["name"], adapter["card"]["accepted"]) == ("first", False)
            assert adapter["in_use"]
            while True:
                jobs = {job["name"]: job for job in (await client.get("jobs")).json()}
                states = {name: job["state"] for name, job in jobs.items()}
                if not {"waiting", "running", "starting"} & {*states.values()}:
                    break
                await asyncio.sleep(0.1)
            unfinished = dict.fromkeys(("second", "fourth"), "failed")
            assert states == {"first": "done", "third": "stopped", **unfinished}
            assert jobs["first"]["result"]["accepted"] is False
            assert jobs["third"]["total_steps"] == 20
            for name in unfinished:
                assert "was created by another version of SafeCoder" in jobs[name]["reason"]
            assert {jobs[name]["remedy"] for name in states} == {"", RESTART}
            # The page and the kernel of a user's server of version 0.1 send this.
            request = {"version": 1, "prefix": "a = ", "suffix": "", "trigger": "automatic"}
            refused = await client.post("completions", json=request)
            assert refused.status_code == 400
            assert refused.json()["remedy"].startswith("Reload the page")
            order = {"name": "fifth", "settings": {}, "sources": [[".py", "a = 1"]]}
            refused = await client.post("jobs", content=gzip.compress(json.dumps(order).encode()))
            assert refused.status_code == 400
            assert refused.json()["remedy"].startswith("Restart the user's server with the version")

    uploaded = contents(state / "cache" / "jobs" / f"{_TEAM}second" / "sources")
    old_log = (state / "audit/audit-000001.jsonl").read_bytes()
    asyncio.run(test())
    assert len(uploaded) == 1
    assert contents(state / "cache/jobs" / f"{_TEAM}second/sources") == uploaded
    with closing(sqlite3.connect(state / "safecoder.sqlite")) as database:
        usage = database.execute(
            "SELECT user, requests, prompt_tokens, completion_tokens FROM usage"
        )
        # The last line of ada was in the log, and not yet in the database.
        assert sorted(usage) == [("ada", 3, 180, 15), ("bob", 2, 7, 1)]
        active = database.execute("SELECT adapter, previous FROM team_adapter").fetchall()
        assert active == [(f"{_TEAM}first", f"{_TEAM}zero")]
    assert (state / "audit/audit-000001.jsonl").read_bytes().startswith(old_log)
    assert verify(state / "audit").error == ""
    assert Pseudonyms(state / "pseudonyms.key").pseudonym("ada") == "p-ef3ce14f0c925ed3"


def test_the_service_denies_everything_with_an_old_policy(
    state: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def test() -> None:
        policy = (VERSION_0_1 / "hub/policy.toml").read_text("utf-8")
        async with service(state, policy, monkeypatch) as client:
            assert (await client.get("jobs")).status_code == 503

    asyncio.run(test())
    assert "line 16: record was renamed to audit." in caplog.text


def test_the_configuration_of_a_hub_is_accepted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(local_service, "_ROOT_DIRECTORY", tmp_path)
    c = Config(
        JupyterHub={"services": [], "custom_scopes": {}, "load_roles": []},
        Spawner={"environment": {}},
    )
    arguments = ["--state", "state", "--token-cache", "5", "--max-running", "4"]
    if os.getuid() == 0:
        # Only this had to change, or 'user' had to be given: see the changelog.
        arguments.append("--allow-root")
    add_safecoder(
        c,
        policy="policy.toml",
        groups=["vision"],
        url="http://127.0.0.1:8765",
        arguments=arguments,
        api_token="",
        admins=["dana"],
        trainers=["ada"],
    )
    command = c.JupyterHub.services[0]["command"]
    parsed = build_parser().parse_args(command[command.index("hub") :])
    assert (parsed.token_cache_seconds, parsed.max_running) == (5, 4)
