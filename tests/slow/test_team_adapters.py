"""Groups train adapters in the service, for themselves alone, by magics and commands."""

from __future__ import annotations

import gzip
import json
import os
import signal
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import nbformat
import psutil
import pytest
from nbformat.v4 import new_code_cell, new_output

from jupyter_safecoder.adapters.registry import Registry, export
from jupyter_safecoder.finetune.documents import DOCUMENTS_FILE
from jupyter_safecoder.finetune.jobs.job import LocalJob
from jupyter_safecoder.hub.access.namespaces import qualified_name
from jupyter_safecoder.hub.accounting.audit_verification import verify
from jupyter_safecoder.hub.constants import COMPLETE, TRAIN, access_scope
from tests.support.hub_training import HubUser, document
from tests.support.processes import children_that_run, runtimes_of, until
from tests.support.real_hub import Hub, real_hub
from tests.support.team_notebooks import write_notebook, write_team
from tests.support.tiny_adapters import write_tiny_model

pytestmark = pytest.mark.timeout(300)

OPEN = access_scope("safecoder")
POLICY = "[groups.vision]\n\n[groups.speech]\nmax_training_minutes = 5\n"
#: The Hub checks every second whether the service runs, not every half minute.
QUICK_POLL = (
    "\nfrom jupyterhub.services.service import _ServiceSpawner\n_ServiceSpawner.poll_interval = 1\n"
)


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    directory = tmp_path_factory.mktemp("hub")
    tiny = write_tiny_model(tmp_path_factory.mktemp("model") / "tiny")
    with real_hub(
        directory, policy=POLICY, model=tiny, trainers=["vision", "bob"], config=QUICK_POLL
    ) as running:
        yield running
        for process in workers():
            process.kill()


@pytest.fixture(scope="module")
def ada(hub: Hub) -> HubUser:
    return HubUser(hub, hub.token("ada", [OPEN, TRAIN]))


@pytest.fixture(scope="module")
def bob(hub: Hub) -> HubUser:
    return HubUser(hub, hub.token("bob", [OPEN, TRAIN]))


def cache(hub: Hub) -> Path:
    return hub.directory / "cache"


def job_of(hub: Hub, group: str, name: str = "ours") -> LocalJob:
    return LocalJob(cache(hub), qualified_name(group, name))


def workers() -> list[psutil.Process]:
    """Return the processes that train: they have no parent any more, or the service."""
    found = []
    for process in psutil.process_iter(["cmdline"]):
        words = process.info["cmdline"] or []
        if "jupyter_safecoder.finetune" in words and "team-" in words[-1]:
            found.append(process)
    return found


def kill_service(hub: Hub) -> None:
    """Kill the process of the service; the Hub starts another."""
    [process] = [
        one
        for one in children_that_run("jupyter_safecoder", hub.process.pid)
        if "hub" in one.cmdline()
    ]
    process.kill()


def healthy(hub: Hub) -> bool:
    try:
        return httpx.get(f"{hub.service}/health", trust_env=False).status_code == 200
    except httpx.HTTPError:
        return False


def recipe(directory: Path) -> Path:
    path = directory / "quick.toml"
    path.write_text(
        "tokens_per_step = 200\nwarmup = 2\nlearning_rate = 3e-2\neval_samples = 2\nnum_evals = 1\n"
    )
    return path


def test_from_a_notebook_of_one_group_to_its_completions(
    hub: Hub, ada: HubUser, bob: HubUser, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    before, _ = ada.served()
    assert bob.served() == (before, None)
    assert len(runtimes_of(hub.process.pid)) == 1
    team = write_team(tmp_path / "team")
    write_notebook(team / "key.ipynb", "connect(password='nachtigall')\n" * 3, "b = 2")
    (team / ".safecoderignore").write_text("secret*\n")
    write_notebook(team / "secret.ipynb", "never = 'sent'")
    tagged = nbformat.read(team / "key.ipynb", as_version=4)
    tagged.cells += [new_code_cell("never = 1", metadata={"tags": ["safecoder-ignore"]})]
    tagged.cells[0].outputs = [
        new_output("display_data", {"image/png": "never", "text/plain": "seen"})
    ]
    nbformat.write(tagged, team / "key.ipynb")
    options = f"--name ours --steps 12 --recipe {recipe(tmp_path)} --wait"
    waiting = ada.start(f"%safecoder finetune {team} {options}", "%safecoder report ours")
    request.addfinalizer(waiting.kill)
    job = job_of(hub, "vision")
    until(lambda: job.is_running, 60)
    [worker] = workers()
    documents = job.directory / DOCUMENTS_FILE
    assert job.directory.stat().st_mode & 0o077 == documents.stat().st_mode & 0o077 == 0
    sent = documents.read_text()
    assert len(json.loads(sent)) == 7
    assert "never" not in sent
    assert "seen" in sent

    # Another group neither sees nor stops it, and may use the same name; its job waits.
    kill_service(hub)
    until(lambda: not healthy(hub))
    until(lambda: healthy(hub), 30)
    assert bob.requests("GET", "jobs") == (200, [])
    assert bob.requests("POST", "jobs/ours/stop")[0] == 404
    assert bob.submits("ours")[1]["state"] == "waiting"
    status, refused = bob.submits("another")
    assert (status, refused["message"]) == (429, "Your group may have 1 jobs at a time.")
    assert "It was stopped while it waited." in bob.types("%safecoder stop ours")
    assert bob.types("%safecoder delete ours").strip() == "ours is deleted."
    assert not job_of(hub, "speech").directory.exists()

    # The new service kept the running process. Now both are killed, and the job still continues.
    assert [process.pid for process in workers()] == [worker.pid]
    until(lambda: job.status().step >= 2, 90)
    kill_service(hub)
    worker.kill()
    output = waiting.communicate(timeout=120)[0]
    assert "ours: Rejected: not better than the base model" in output
    assert "step 12 of 12" not in output
    assert "by ada" in output
    assert "secrets 1" in output
    until(lambda: not documents.exists())
    state = ada.types("%safecoder adapters", "%safecoder jobs")
    assert "Adapters: 1" in state
    assert "done" in state

    # Switched over: ada's group alone.
    output = ada.types("%safecoder use ours", "%safecoder")
    assert "Completions come from ours, now." in output
    assert "ready: tiny+ours is ready." in output
    after, adapter = ada.served()
    assert adapter == "ours"
    assert after != before
    assert bob.served() == (before, None)
    assert len(runtimes_of(hub.process.pid)) == 2
    last = {line["user"]: line["adapter"] for line in entries(hub)}
    assert last == {"ada": job.name, "bob": ""}
    assert "is in use" in ada.types("%safecoder delete ours")

    # No text of users is in the state directory or the log.
    kept = [*(hub.directory / "state").rglob("*"), hub.directory / "log"]
    for path in kept:
        assert not path.is_file() or b"teamkit" not in path.read_bytes()
        assert not path.is_file() or b"nachtigall" not in path.read_bytes()


def entries(hub: Hub) -> list[dict[str, Any]]:
    """Return what the audit log has."""
    assert verify(hub.directory / "state/audit").error == ""
    [path] = (hub.directory / "state/audit").glob("*.jsonl")
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_what_is_another_group_s_cannot_be_named(hub: Hub, bob: HubUser) -> None:
    output = bob.types("%safecoder adapters", "%safecoder jobs")
    assert "Adapters: 0" in output
    assert "Jobs: 0" in output
    theirs = qualified_name("vision", "ours")
    for name in ("ours", theirs, f"../{theirs}", "..%2Fours"):
        assert (
            bob.requests("POST", "adapters/use", json={"name": name, "previous": False})[0] == 409
        )
        for method, path in (("GET", ""), ("DELETE", ""), ("POST", "/stop"), ("POST", "/resume")):
            assert bob.requests(method, f"jobs/{name}{path}")[0] in (404, 409)
    assert "Your group has no adapter named ours" in bob.types("%safecoder use ours")
    assert Registry(cache(hub)).find(theirs)


def test_users_without_the_scope_cannot_train(hub: Hub, ada: HubUser, tmp_path: Path) -> None:
    endpoints = [
        ("GET", "jobs"),
        ("POST", "jobs"),
        ("GET", "jobs/ours"),
        ("DELETE", "jobs/ours"),
        ("POST", "jobs/ours/stop"),
        ("POST", "jobs/ours/resume"),
        ("GET", "adapters"),
        ("POST", "adapters/use"),
    ]
    completing = HubUser(hub, hub.token("ada", [OPEN, COMPLETE]))
    eve = HubUser(hub, hub.token("eve", ["access:servers!user=eve"]))
    for user in (completing, eve):
        for method, path in endpoints:
            status, refused = user.requests(method, path)
            assert (status, refused["code"]) == (403, "forbidden")
    assert HubUser(hub, "x" * 32).requests("GET", "jobs")[0] == 401
    # They still complete with the adapter that others activated; the status has no names of jobs.
    assert completing.served()[1] == "ours"
    output = completing.types("%safecoder", f"%safecoder finetune {tmp_path} --name mine")
    assert "You are not allowed to train here. Ask an administrator" in output
    assert "jobs      none" in output
    # JupyterHub gives a user without the role no such token.
    with pytest.raises(AssertionError, match="scope"):
        hub.token("eve", [OPEN, TRAIN])


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"minutes": 6}, "A job of your group may take 5 minutes."),
        ({"minutes": 0}, "A job of your group may take 5 minutes."),
        ({"rank": 10**6}, "rank must be 128 or less in the service"),
        ({"learning_rate": float("nan")}, "learning_rate in the recipe must be a number"),
        ({"rank": "16"}, "'rank' of the recipe must be of the type integer"),
        ({"sources": "/etc/passwd"}, "sources cannot be set"),
        ({"start": "/etc"}, "start cannot be set"),
        ({"speed": 3}, "which no recipe has"),
    ],
)
def test_recipes_that_are_refused(bob: HubUser, settings: dict[str, object], reason: str) -> None:
    status, refused = bob.submits("mine", **settings)
    assert status == 409
    assert reason in refused["message"]
    assert bob.requests("GET", "jobs") == (200, [])


@pytest.mark.parametrize("name", ["", "../x", "a/b", "-x", "x" * 47, "a\nb", "<b>", "Ü"])
def test_names_that_are_refused(bob: HubUser, name: str) -> None:
    assert bob.submits(name)[0] == 409


def test_bodies_that_are_refused(hub: Hub, bob: HubUser, tmp_path: Path) -> None:
    def sends(body: bytes) -> int:
        return bob.requests("POST", "jobs", content=body)[0]

    def packed(**changes: object) -> bytes:
        data = {"name": "x", "settings": {}, "documents": [document("a = 1")], **changes}
        return gzip.compress(json.dumps(data).encode())

    good = packed()
    for bad in (
        b"",
        b"{}",
        good[:-9],
        gzip.compress(b"[" * 100_000),
        packed(documents=[]),
        packed(documents=[{**document("a"), "path": "/../x"}]),
        packed(name=3),
    ):
        assert sends(bad) == 400
    assert sends(gzip.compress(bytes(200 * 2**20))) == 413
    assert sends(os.urandom(17 * 2**20)) == 413
    assert bob.submits("x", *[document("")] * 2001)[0] == 413
    assert bob.requests("GET", "jobs") == (200, [])

    # The client refuses it before anything is sent.
    (tmp_path / "many").mkdir()
    for number in range(2001):
        (tmp_path / f"many/{number}.py").write_text("a = 1")
    output = bob.types(f"%safecoder finetune {tmp_path / 'many'} --name x")
    assert "These are 2,001 files; the service accepts 2,000. Name fewer notebooks." in output
    (tmp_path / "many/link.py").symlink_to("/nowhere")
    (tmp_path / "none").mkdir()
    assert "There is no notebook" in bob.types(f"%safecoder finetune {tmp_path}/none --name x")


def test_a_full_disk_is_an_error_and_leaves_nothing(hub: Hub, bob: HubUser) -> None:
    [service] = [
        one
        for one in children_that_run("jupyter_safecoder", hub.process.pid)
        if "hub" in one.cmdline()
    ]
    limits = service.rlimit(psutil.RLIMIT_FSIZE)
    service.rlimit(psutil.RLIMIT_FSIZE, (2**20, limits[1]))
    try:
        status, refused = bob.submits("large", document("a = 1\n" * 2**18))
    finally:
        service.rlimit(psutil.RLIMIT_FSIZE, limits)
    assert (status, refused["message"]) == (
        503,
        "The service cannot write this: File too large.",
    )
    assert bob.requests("GET", "jobs") == (200, [])
    assert not job_of(hub, "speech", "large").directory.exists()


def test_a_killed_job_is_resumed_and_one_that_hangs_is_killed(
    hub: Hub, bob: HubUser, tmp_path: Path
) -> None:
    team = write_team(tmp_path / "team")
    output = bob.runs("finetune", str(team), "--name", "mine", "--steps", "9999")
    assert (output["job"], output["state"]) == ("mine", "waiting")
    assert (output["documents"], output["minutes"]) == (6, None)
    job = job_of(hub, "speech", "mine")

    def state() -> Any:
        return bob.requests("GET", "jobs/mine")[1]["state"]

    until(lambda: state() == "running", 60)
    workers()[0].kill()
    until(lambda: state() == "stopped")
    reason = bob.runs("job", "list")["jobs"][0]["reason"]
    assert reason.startswith("Its process ended before it was done: it was killed")
    assert "a job named mine already" in bob.runs("finetune", str(team), "--name", "mine")
    assert "mine: waiting" in bob.types("%safecoder resume mine")
    until(lambda: state() == "running", 60)
    workers()[0].send_signal(signal.SIGSTOP)
    try:
        hub.policy.write_text(POLICY.replace("= 5", "= 0.05"))
        until(job.files.stop_requested, 30)
        until(lambda: state() == "stopped", 30)
        assert "has used its 0.05 minutes" in bob.runs("job", "resume", "mine")
    finally:
        hub.policy.write_text(POLICY)
    assert bob.runs("job", "delete", "mine") == {"deleted": "mine"}
    assert not job.directory.exists()


def test_an_adapter_that_the_policy_names_wins(hub: Hub, ada: HubUser, tmp_path: Path) -> None:
    registry = Registry(cache(hub))
    ours = registry.find(qualified_name("vision", "ours"))
    export(ours, tmp_path / "exported")
    registry.import_(tmp_path / "exported", replace(ours.card, name="pinned"))
    hub.policy.write_text(
        f'{POLICY}[groups.vision]\nadapter = "pinned"\n'.replace("[groups.vision]\n\n", "")
    )
    until(lambda: ada.served()[1] == "pinned", 30)
    assert "The policy of the Hub's service names the adapter of your group." in ada.types(
        "%safecoder use ours"
    )
    hub.policy.write_text(POLICY)
    until(lambda: ada.served()[1] == "ours", 30)

    # Back to the previous one; a runtime without a group stops, and its adapter may be deleted.
    assert "Completions come from the base model, now." in ada.types("%safecoder use --previous")
    assert ada.served()[1] is None
    until(lambda: len(runtimes_of(hub.process.pid)) == 1, 30)
    assert ada.types("%safecoder delete ours").strip() == "ours is deleted."
    assert ada.requests("GET", "adapters") == (200, [])
    done = [(line["action"], line["outcome"]) for line in entries(hub) if line["user"] == "ada"]
    for expected in (
        *(("train", outcome) for outcome in ("waiting", "started", "done", "deleted", "refused")),
        ("use adapter", "in use"),
    ):
        assert expected in done
