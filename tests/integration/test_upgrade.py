"""What version 0.1 wrote is used, or refused with a sentence that names the old and the new."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from IPython.core.error import UsageError
from IPython.core.interactiveshell import InteractiveShell
from IPython.testing.globalipapp import get_ipython
from jupyter_server.serverapp import ServerApp

from jupyter_safecoder.adapters.registry import Registry
from jupyter_safecoder.errors import FinetuneError
from jupyter_safecoder.files.toml import read_toml
from jupyter_safecoder.finetune.model_build.manifest import read_manifest
from jupyter_safecoder.finetune.recipe import Recipe, read_settings
from jupyter_safecoder.hub.access.policy import Grant
from jupyter_safecoder.models import EMBEDDED, resolve_model
from jupyter_safecoder.models.random_weights import write_random_checkpoint
from tests.support.fixtures.models import SHAPE
from tests.support.job_runs import Capture, answer, run
from tests.support.notebook_files import write_notebook
from tests.support.paths import ROOT
from tests.support.version_0_1 import RESTART, VERSION_0_1, contents, rename

_NOT_BETTER = "It is not better than the base: 0.0% of held-out lines before, 0.0% now."
_CREATED_BY_ANOTHER = "The job half was created by another version of SafeCoder, and cannot be"
SERVER_CONFIG = json.loads((VERSION_0_1 / "jupyter_server_config.json").read_text("utf-8"))


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a cache directory of version 0.1, which is the default of commands and magics."""
    cache = Path(shutil.copytree(VERSION_0_1 / "cache", tmp_path / "cache"))
    monkeypatch.setenv("JUPYTER_SAFECODER_CACHE", str(cache))
    return cache


@pytest.fixture
def base(tmp_path: Path) -> Path:
    """Return a model of the shape for which the adapter was trained."""
    return write_random_checkpoint(tmp_path / "tiny", SHAPE, resolve_model(EMBEDDED).tokenizer)


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
    verified = answer(capsys)
    assert [check["ok"] for check in verified.pop("checks")] == [True, True, None]
    assert verified == {"adapter": "ours", "ok": True, "files": 2}
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
    assert (half["reason"], half["remedy"]) == ("Stopped at step 5.", RESTART)
    assert run("job", "wait", "ours", "--json") == 0
    result = answer(capsys)
    assert (result["accepted"], result["probe"]["memorized"]) == (False, 0)
    for command, error in (
        ("stop", "The job half does not run."),
        ("resume", f"{_CREATED_BY_ANOTHER} resumed by this one. {RESTART}"),
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
    with pytest.raises(FinetuneError, match=r"'licence' in \S+ is now 'license'"):
        read_manifest(sources)
    sources.write_text(sources.read_text().replace("licence", "license"))
    assert read_manifest(sources).packages[0].license == "BSD"


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


def test_the_changelog_has_every_key_that_is_refused() -> None:
    text = (ROOT / "CHANGELOG.md").read_text("utf-8")
    section = text.partition("### Upgrading from 0.1")[2].partition("\n## ")[0]
    names = {*re.findall(r"\w+", "".join(re.findall(r"\n\| ([^|]*) \|", section)))}
    policy = read_toml(VERSION_0_1 / "hub/policy.toml")
    grants, recipe = policy["groups"]["vision"], read_toml(VERSION_0_1 / "recipe.toml")
    refused = {name for name in grants if name not in Grant.__dataclass_fields__}
    refused |= {name for name in recipe if name not in Recipe.__dataclass_fields__}
    assert len(refused) == 13
    assert refused | {"record", *policy["record"], "licence"} <= names


def test_the_settings_of_the_lab_extension_are_accepted() -> None:
    overrides = json.loads((VERSION_0_1 / "overrides.json").read_text("utf-8"))
    for plugin, settings in overrides.items():
        name = plugin.partition(":")[2]
        schema = json.loads((ROOT / f"labextension/schema/{name}.json").read_text("utf-8"))
        assert {*settings} <= {*schema["properties"]}
