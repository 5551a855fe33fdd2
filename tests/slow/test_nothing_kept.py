"""No text of a notebook and no suggestion is left on a disk, whatever fails or is killed.

Markers are in every text of the requests. Processes are killed while they have them, with core
dumps allowed. Then every file that was written is searched, except the script of the model.
"""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from jupyter_safecoder.clients.connection import RUNTIME_MODULE
from jupyter_safecoder.engines.scripted import write_scripted_model
from jupyter_safecoder.finetune.jobs.job import LocalJob
from jupyter_safecoder.models import ModelDescription
from tests.support.job_runs import quick, run, tiny, until_step, worker
from tests.support.jupyter_server import JupyterServer, jupyter_server
from tests.support.markers import (
    MARKERS,
    common_files,
    core_dumps,
    found_markers,
    marked_request,
    new_common_files,
)
from tests.support.processes import children_that_run, until
from tests.support.real_hub import SCOPES, Hub, real_hub
from tests.support.team_notebooks import write_team

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]

#: ``slow``: there is time to kill a process in the middle. ``fail``: the engine raises.
SCRIPT: dict[str, Any] = {
    "answers": [
        {"after": "slow", "text": MARKERS["answer"] * 40, "token_ms": 50},
        {"after": "fail", "text": MARKERS["answer"], "fail_after": 3},
    ],
    "otherwise": MARKERS["answer"],
}
#: Bodies that are refused, each for another reason.
REFUSED = (
    b'{"version": 2, "prefix": "' + MARKERS["error"].encode(),
    marked_request(version=1),
    marked_request(unknown=MARKERS["error"]),
    marked_request(suffix=3),
    marked_request(options={"layout": MARKERS["error"]}),
    marked_request(kernel=[{"name": MARKERS["kernel"], "type": 7}]),
    marked_request(document=MARKERS["error"] * 2_000),
    MARKERS["error"].encode() * 2_000_000,
)
EDITORS = {
    "v1/completions": {"prompt": MARKERS["editor"], "suffix": MARKERS["suffix"]},
    "v1/fim/completions": {"prompt": MARKERS["editor"], "suffix": MARKERS["suffix"]},
    "infill": {"input_prefix": MARKERS["editor"], "input_suffix": MARKERS["suffix"]},
    "completion": {"prompt": MARKERS["editor"]},
}


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a directory that is the home and the place of all temporary files and caches."""
    for name, folder in (("HOME", "home"), ("TMPDIR", "tmp"), ("XDG_CACHE_HOME", "home/.cache")):
        (tmp_path / folder).mkdir(parents=True, exist_ok=True)
        monkeypatch.setenv(name, str(tmp_path / folder))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@contextmanager
def in_progress(client: httpx.Client, path: str) -> Iterator[None]:
    """Have a slow completion in progress, which has sent some of its text."""
    with (
        suppress(httpx.HTTPError),
        client.stream("POST", path, content=marked_request("slow")) as response,
    ):
        lines = response.iter_lines()
        next(lines)
        until(lambda: MARKERS["answer"] in next(lines))
        yield
        for _ in lines:
            pass


def runtime_of(pid: int) -> psutil.Process:
    """Return the only runtime process below a process."""
    [found] = until(lambda: children_that_run(RUNTIME_MODULE, pid), 30)
    return found


def test_a_server_and_its_runtime(place: Path) -> None:
    before = common_files()
    model = write_scripted_model(place / "script", SCRIPT)
    config = {"engine": "scripted", "model": str(model), "suggestions": "many"}
    arguments = ("--Application.log_level=DEBUG", "--debug")
    with (
        core_dumps(),
        jupyter_server(place, config, arguments=arguments, log=place / "server.log") as server,
        httpx.Client(
            base_url=f"{server.url}/jupyter-safecoder/",
            headers={"Authorization": f"token {server.token}"},
            timeout=60,
            trust_env=False,
        ) as client,
    ):
        use_and_kill(server, client)
    log = (place / "server.log").read_text()
    assert "[D " in log
    assert "The SafeCoder runtime exited (signal 6)" in log
    assert found_markers(place, except_in=place / "script") == []
    assert new_common_files(before) == []


def use_and_kill(server: JupyterServer, client: httpx.Client) -> None:
    """Complete, cancel, be refused, and kill the runtime and then the server meanwhile."""

    def ready() -> None:
        client.post("start")
        until(lambda: client.get("status").json()["state"] == "ready", 60)

    ready()
    done = client.post("completions", content=marked_request()).text
    assert MARKERS["answer"] in done
    inspected = client.post(
        "completions", content=marked_request(options={"inspect": True, "raw": True})
    ).text
    assert MARKERS["prefix"] in inspected
    assert MARKERS["secret"] not in inspected
    for body in REFUSED:
        assert client.post("completions", content=body).status_code in (400, 413)
    for path, fields in EDITORS.items():
        for stream in (False, True):
            whole = {**fields, "max_tokens": 40, "n_predict": 40, "stream": stream}
            assert client.post(path, json=whole).is_success
        wrong = {"max_tokens": MARKERS["error"], "n_predict": MARKERS["error"]}
        assert client.post(path, json={**fields, **wrong}).is_client_error
    for path in ("context", "suggestion-events", "adapter", "model", "kernels/none/names"):
        assert not client.post(path, json={"text": MARKERS["error"]}).is_success
    with client.stream("POST", "completions", content=marked_request("slow")) as response:
        next(response.iter_lines())  # and then the client disconnects
    until(lambda: client.get("status").json()["counters"]["cancelled"] > 0)
    assert "error" in client.post("completions", content=marked_request("fail")).text
    for number in (signal.SIGABRT, signal.SIGKILL, signal.SIGSEGV):
        ready()
        with in_progress(client, "completions"):
            runtime_of(server.process.pid).send_signal(number)
        until(lambda: client.get("status").json()["state"] != "failed")
    ready()
    with in_progress(client, "completions"):
        server.process.kill()
    server.process.wait()


def test_a_hub_its_service_and_its_runtime(place: Path) -> None:
    before = common_files()
    with core_dumps(), real_hub(place, script=SCRIPT) as hub:
        token = hub.token("ada", SCOPES)
        until(lambda: hub.ready(token), 60)
        client = httpx.Client(
            base_url=f"{hub.service}/",
            headers={"Authorization": f"token {token}"},
            timeout=60,
            trust_env=False,
        )
        with client:
            assert MARKERS["answer"] in client.post("completions", content=marked_request()).text
            for body in REFUSED:
                assert client.post("completions", content=body).is_client_error
            with client.stream("POST", "completions", content=marked_request("slow")) as response:
                next(response.iter_lines())
            client.post("completions", content=marked_request("fail"))
            until(lambda: hub.ready(token), 60)
            with in_progress(client, "completions"):
                runtime_of(hub.process.pid).send_signal(signal.SIGABRT)
            until(lambda: hub.ready(token), 60)
            metrics = client.get("metrics", headers={"Authorization": f"token {hub.prometheus}"})
            assert "safecoder_requests_total" in metrics.text
            assert not any(marker in metrics.text for marker in MARKERS.values())
            with in_progress(client, "completions"):
                service_of(hub).send_signal(signal.SIGABRT)
        # The Hub starts it again; what was written by then is complete.
        until(lambda: _answers(hub), 60)
        time.sleep(0.5)
    assert len(json.dumps(hub.entries())) > 100
    assert found_markers(place, except_in=place / "model") == []
    assert new_common_files(before) == []


def service_of(hub: Hub) -> psutil.Process:
    """Return the process of the service."""
    [process] = [
        process
        for process in psutil.Process(hub.process.pid).children(recursive=True)
        if "hub" in process.cmdline() and "--policy" in process.cmdline()
    ]
    return process


def _answers(hub: Hub) -> bool:
    with suppress(httpx.HTTPError):
        return hub.client.get(f"{hub.service}/health").status_code == 200
    return False


def test_a_training_job_that_is_aborted(
    place: Path, tiny_models: Callable[[str], ModelDescription], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a job has learned from is in memory; its examples are written when it is done."""
    before = common_files()
    monkeypatch.setenv("JUPYTER_SAFECODER_CACHE", str(place / "cache"))
    team = write_team(place / "team")
    for path in team.glob("*.ipynb"):
        text = path.read_text("utf-8").replace("tk.me()", f"tk.me({MARKERS['cell']})")
        path.write_text(text.replace("teamkit", MARKERS["module"]), "utf-8")
    arguments = ("--name", "aborted", "--steps", 200, *quick(place), *tiny(tiny_models("llama")))
    with core_dumps():
        assert run("finetune", team, *arguments) == 0
        job = LocalJob(place / "cache", "aborted")
        until_step(job, 2)
        status = Path(f"/proc/{worker(job)}/status").read_text()
        assert "Seccomp:\t2" in status  # it has no network
        os.kill(worker(job), signal.SIGABRT)
        until(lambda: not job.is_running, 30)
    assert "signal 6" in job.status().reason or job.status().state == "stopped"
    assert found_markers(place, except_in=team) == []
    assert new_common_files(before) == []
    # Files of locks are empty.
    written = [path for path in job.directory.rglob("*") if path.stat().st_size]
    assert [path.name for path in written if path.stat().st_mode & 0o077] == []


def test_the_search_finds_what_is_kept(place: Path) -> None:
    """Without this the tests above could not fail."""
    (place / "core").write_bytes(os.urandom(2**20 - 5) + MARKERS["prefix"].encode())
    (place / "home/log").write_text(f"Traceback: {MARKERS['secret']}")
    assert {line.rpartition("/")[2] for line in found_markers(place)} == {
        "core: prefix",
        "log: secret",
    }
