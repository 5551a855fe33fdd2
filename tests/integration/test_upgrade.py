"""What version 0.1 wrote is used, or refused with a sentence that names the old and the new."""

from __future__ import annotations

import asyncio
import gzip
import json
import re
import shutil
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from IPython.core.error import UsageError
from IPython.core.interactiveshell import InteractiveShell
from IPython.testing.globalipapp import get_ipython
from jupyter_server.serverapp import ServerApp
from tornado.testing import bind_unused_port

from jupyter_safecoder.adapters.registry import Registry
from jupyter_safecoder.cli.main import build_parser
from jupyter_safecoder.finetune.model_build.manifest import read_manifest
from jupyter_safecoder.finetune.recipe import read_settings
from jupyter_safecoder.finetune.toml_file import read_toml
from jupyter_safecoder.hub import add_safecoder
from jupyter_safecoder.hub.access.policy_parser import parse_policy
from jupyter_safecoder.hub.accounting.audit_chain import verify
from jupyter_safecoder.hub.accounting.audit_log import AuditLog
from jupyter_safecoder.hub.accounting.pseudonyms import Pseudonyms
from jupyter_safecoder.hub.app import ServiceOptions, serve
from jupyter_safecoder.hub.constants import COMPLETE, TRAIN
from jupyter_safecoder.models import EMBEDDED, resolve_model
from jupyter_safecoder.models.random_weights import write_random_checkpoint
from jupyter_safecoder.settings import RuntimeSettings
from tests.support.fixtures.models import SHAPE
from tests.support.hub_api import ACCESS, hub_api, user_model
from tests.support.job_runs import Capture, answer, run
from tests.support.notebook_files import write_notebook
from tests.support.paths import ROOT, VERSION_0_1

_TEAM = "team-5944ae849448-"
_NOT_BETTER = "It is not better than the base: 0.0% of held-out lines before, 0.0% now."
_RESTART = "Start it again with 'finetune': jobs of another version cannot be resumed."
_CREATED_BY_ANOTHER = "The job half was created by another version of SafeCoder, and cannot be"
SERVER_CONFIG = json.loads((VERSION_0_1 / "jupyter_server_config.json").read_text("utf-8"))


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a cache directory of version 0.1, which is the default of commands and magics."""
    cache = Path(shutil.copytree(VERSION_0_1 / "cache", tmp_path / "cache"))
    monkeypatch.setenv("JUPYTER_SAFECODER_CACHE", str(cache))
    return cache


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """Return a state directory of the service of version 0.1; ``cache`` is in it."""
    state = Path(shutil.copytree(VERSION_0_1 / "hub", tmp_path / "state"))
    with closing(sqlite3.connect(state / "safecoder.sqlite")) as database:
        database.executescript((state / "database.sql").read_text("utf-8"))
    return state


@pytest.fixture
def base(tmp_path: Path) -> Path:
    """Return a model of the shape for which the adapter was trained."""
    return write_random_checkpoint(tmp_path / "tiny", SHAPE, resolve_model(EMBEDDED).tokenizer)


def contents(directory: Path) -> dict[Path, bytes]:
    """Return the content of all files, but of locks."""
    return {
        path: path.read_bytes()
        for path in directory.rglob("*")
        if path.is_file() and path.name not in ("lock", "start")
    }


def rename(text: str, message: str) -> str:
    """Return a file after what a message demands: a key of version 0.1 gets its present name."""
    found = re.search(r"'?(\w+)'?(?: in \S+)? (?:was renamed to|is now) '?(\w+)", message)
    assert found, message
    old, new = found[1], found[2]
    if old == "balance":
        assert "package_temperature = 1 / (1 - balance)" in message
        return text.replace("balance = 0.5", "package_temperature = 2.0")
    renamed = re.sub(rf"^(\[?){old}\b", rf"\g<1>{new}", text, flags=re.MULTILINE)
    assert renamed != text, message
    return renamed


def test_adapters_are_read(cache: Path, tmp_path: Path, capsys: Capture) -> None:
    before = contents(cache)
    assert run("adapter", "list", "--json") == 0
    [row] = answer(capsys)["adapters"]
    made = "2026-11-27T01:25:17+00:00"
    assert row == {
        **{"adapter": "ours", "base": "tiny", "accepted": False, "in_use": True},
        **{"made": made, "by": "ada", "reason": _NOT_BETTER},
    }
    assert run("adapter", "show", "ours", "--json") == 0
    card = answer(capsys)
    assert card["curves"]["val"] == [[0, 10.7981], [2, 10.7977], [4, 10.7975]]
    assert card["probe"] == {"lines": 0, "memorized": 0, "secrets": 0, "leaked": 0}
    renamed = {"num_evals": 2, "eval_samples": 6, "max_modules": 5, "package_temperature": 2.0}
    assert card["recipe"].items() >= renamed.items()
    assert card["scores"]["general"]["tuned"]["edit_similarity"] == 0.1179
    assert run("adapter", "verify", "ours", "--json") == 0
    assert answer(capsys) == {"adapter": "ours", "ok": True, "files": 2}
    assert run("adapter", "export", "ours", tmp_path / "exported") == 0
    assert contents(cache) == before
    assert run("adapter", "import", tmp_path / "exported", "--name", "copy") == 0
    assert run("adapter", "verify", "copy") == 0
    assert contents(cache).items() >= before.items()


def test_the_adapter_in_use_is_known_and_changed(cache: Path, base: Path, capsys: Capture) -> None:
    card = cache / "adapters/ours/card.json"
    # Libraries of other versions write other weights: it was trained for these.
    data = json.loads(card.read_text())
    data["base_sha256"] = Registry(cache).base_hash(resolve_model(str(base)))
    card.write_text(json.dumps(data))
    for words, adapter, previous in (
        (["--base"], None, "ours"),
        (["--previous"], "ours", None),
    ):
        assert run("adapter", "use", *words, "--model", base, "--json") == 0
        report = answer(capsys)
        assert (report["adapter"], report["previous"]) == (adapter, previous)
    assert report["warning"] == _NOT_BETTER


def test_converted_models_are_read(cache: Path, base: Path, capsys: Capture) -> None:
    manifest = cache / "prepared/tiny-openvino-int8-5a0f5a0f5a0f/prepared.json"
    manifest.write_text(manifest.read_text().replace("/srv/models/tiny", str(base)))
    assert run("model", "list", "--json") == 0
    [row] = [one for one in answer(capsys)["models"] if one["kind"] == "prepared"]
    assert (row["model"], row["engine"], row["precision"]) == ("tiny", "openvino", "int8")
    assert row["directory"] == str(manifest.parent)
    assert run("model", "verify", base, "--json") == 0
    assert answer(capsys)["prepared"] == ["openvino int8"]


def test_a_model_with_its_description_is_served(tmp_path: Path, capsys: Capture) -> None:
    model = shutil.copytree(VERSION_0_1 / "model", tmp_path / "model")
    assert run("model", "show", model, "--json") == 0
    assert answer(capsys)["license"] == "Apache-2.0"
    notebook = write_notebook(tmp_path / "a.ipynb", ("code", "import nu"))
    place = ("--cell", 0, "--line", 0, "--column", 9)
    assert run("complete", notebook, *place, "--model", model, "--engine", "scripted") == 0
    assert capsys.readouterr().out == "mpy as np\n"


def test_jobs_are_shown_and_not_resumed(cache: Path, capsys: Capture) -> None:
    before = contents(cache)
    assert run("job", "list", "--json") == 0
    rows = [
        (row["job"], row["state"], row["step"], row["total_steps"])
        for row in answer(capsys)["jobs"]
    ]
    assert rows == [("half", "stopped", 5, 4000), ("ours", "done", 4, 4)]
    assert run("job", "show", "half", "--json") == 0
    half = answer(capsys)
    assert (half["progress"], half["val_curve"]) == (0.201, [[0, 10.7981]])
    assert (half["reason"], half["remedy"]) == ("Stopped at step 5.", _RESTART)
    assert run("job", "wait", "ours", "--json") == 0
    result = answer(capsys)
    assert (result["accepted"], result["probe"]["memorized"]) == (False, 0)
    for command, error in (
        ("stop", "The job half does not run."),
        ("resume", f"{_CREATED_BY_ANOTHER} resumed by this one. {_RESTART}"),
    ):
        assert run("job", command, "half") == 1
        assert capsys.readouterr().err.strip() == error
    assert contents(cache) == before
    assert run("job", "delete", "half") == 0
    assert not (cache / "jobs/half").exists()


def test_the_magic_reads_them_too(cache: Path, capsys: Capture) -> None:
    shell: Any = get_ipython() or InteractiveShell.instance()
    shell.run_line_magic("load_ext", "jupyter_safecoder")
    try:
        for command in ("jobs", "adapters", "report ours"):
            shell.run_line_magic("safecoder", command)
            assert "ours" in capsys.readouterr().out
        for line, error in (
            (f"finetune x --name a --recipe {VERSION_0_1 / 'recipe.toml'}", "'num_evals'"),
            ("finetune x --name a --hold", "--hold was renamed to --no-start."),
            ("use --back", "--back was renamed to --previous."),
            ("resume half", _CREATED_BY_ANOTHER),
        ):
            with pytest.raises(UsageError, match=re.escape(error)):
                shell.run_line_magic("safecoder", line)
    finally:
        shell.run_line_magic("unload_ext", "jupyter_safecoder")


def test_a_recipe_is_refused_until_its_keys_are_renamed(tmp_path: Path, capsys: Capture) -> None:
    recipe = tmp_path / "recipe.toml"
    shutil.copy(VERSION_0_1 / "recipe.toml", recipe)
    old = read_toml(recipe)
    while run("finetune", tmp_path / "nothing", "--name", "a", "--recipe", recipe) == 1:
        message = capsys.readouterr().err
        if "nothing" in message:
            break  # of the recipe there is nothing left to say
        recipe.write_text(rename(recipe.read_text(), message))
    settings = read_settings(recipe)
    assert len(settings) == len(old)
    assert sorted(map(str, settings.values())) == sorted(
        "2.0" if name == "balance" else str(value) for name, value in old.items()
    )


def test_a_manifest_of_sources_is_refused_until_its_keys_are_renamed(tmp_path: Path) -> None:
    (tmp_path / "recipe.toml").write_text('sources = "sources.toml"\n')
    sources = tmp_path / "sources.toml"
    shutil.copy(VERSION_0_1 / "sources.toml", sources)
    with pytest.raises(Exception, match=r"'licence' in \S+ is now 'license'"):
        read_manifest(sources)
    sources.write_text(sources.read_text().replace("licence", "license"))
    assert read_manifest(sources).packages[0].license == "BSD"


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
            assert {jobs[name]["remedy"] for name in states} == {"", _RESTART}
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
    assert "line 9: requests_a_minute was renamed to requests_per_minute." in caplog.text


def test_the_configuration_of_a_hub_is_accepted() -> None:
    c = SimpleNamespace(
        JupyterHub=SimpleNamespace(services=[], custom_scopes={}, load_roles=[]),
        Spawner=SimpleNamespace(environment={}),
    )
    add_safecoder(
        c,
        policy="policy.toml",
        groups=["vision"],
        url="http://127.0.0.1:8765",
        arguments=["--state", "state", "--token-cache", "5", "--max-running", "4"],
        api_token="",
        admins=["dana"],
        trainers=["ada"],
    )
    command = c.JupyterHub.services[0]["command"]
    arguments = build_parser().parse_args(command[command.index("hub") :])
    assert (arguments.token_cache_seconds, arguments.max_running) == (5, 4)


@pytest.fixture
def jp_server_config() -> dict[str, Any]:
    return {"ServerApp": {"jpserver_extensions": {"jupyter_safecoder": True}}, **SERVER_CONFIG}


def test_the_configuration_of_a_server_is_accepted(
    jp_serverapp: ServerApp, caplog: pytest.LogCaptureFixture
) -> None:
    [extension] = jp_serverapp.extension_manager.extension_apps["jupyter_safecoder"]
    traits = {name: getattr(extension, name) for name in SERVER_CONFIG["SafeCoder"]}
    assert traits == SERVER_CONFIG["SafeCoder"]
    assert "not recognized" not in caplog.text


def test_the_settings_of_the_lab_extension_are_accepted() -> None:
    overrides = json.loads((VERSION_0_1 / "overrides.json").read_text("utf-8"))
    for plugin, settings in overrides.items():
        name = plugin.partition(":")[2]
        schema = json.loads((ROOT / f"labextension/schema/{name}.json").read_text("utf-8"))
        assert {*settings} <= {*schema["properties"]}
