"""Models of a hub: nothing is fetched unless it is allowed, and each refusal says what to do.

Through the command line, in a process of its own: the hub's library reads its settings once.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.huggingface_server import COMMIT, Hub, running_hub
from tests.support.processes import run_python

NAME = "team/tiny"


@pytest.fixture
def hub(checkpoint: Path) -> Iterator[Hub]:
    """Yield a hub that has one model."""
    with running_hub() as hub:
        hub.models[NAME] = checkpoint
        yield hub


def _show(
    hub_url: str, home: Path, *arguments: str, **environment: str
) -> subprocess.CompletedProcess[str]:
    clean = {name: v for name, v in os.environ.items() if not name.startswith(("HF_", "TRANSF"))}
    return subprocess.run(
        [sys.executable, "-m", "jupyter_safecoder.cli.main", "model", "show", *arguments, "--json"],
        env={**clean, "HF_ENDPOINT": hub_url, "HF_HOME": str(home), **environment},
        capture_output=True,
        text=True,
        timeout=120,
    )


def _complaint(shown: subprocess.CompletedProcess[str]) -> str:
    assert shown.returncode == 1
    assert "Traceback" not in shown.stderr
    return shown.stderr


def _report(shown: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    assert shown.returncode == 0, shown.stderr
    report: dict[str, Any] = json.loads(shown.stdout)
    return report


def test_downloaded_only_when_allowed_and_then_kept(hub: Hub, tmp_path: Path) -> None:
    home = tmp_path / "home"
    said = _complaint(_show(hub.url, home, NAME))
    assert "downloads are not allowed" in said
    assert "allow_downloads" in said
    assert hub.asked == []
    report = _report(_show(hub.url, home, NAME, "--allow-downloads"))
    assert (report["name"], report["family"]) == (NAME, "starcoder")
    assert any("model.safetensors" in asked for asked in hub.asked)
    hub.asked.clear()
    assert _report(_show(hub.url, home, NAME)) == report
    assert _report(_show(hub.url, home, NAME, "--allow-downloads")) == report
    assert hub.asked == []


def test_what_is_here_is_listed(hub: Hub, tmp_path: Path) -> None:
    _report(_show(hub.url, tmp_path / "home", NAME, "--allow-downloads"))
    listed = run_python(
        "from jupyter_safecoder.cli.main import main; main(['model', 'list', '--json'])",
        HF_HOME=str(tmp_path / "home"),
    )
    rows = json.loads(listed.stdout)["models"]
    assert [row["kind"] for row in rows if row["model"] == NAME] == ["downloaded"]


def test_a_revision(hub: Hub, tmp_path: Path) -> None:
    arguments = (NAME, "--allow-downloads", "--revision")
    said = _complaint(_show(hub.url, tmp_path / "home", *arguments, "v9"))
    assert "has no revision 'v9'" in said
    assert _report(_show(hub.url, tmp_path / "home", *arguments, COMMIT))["name"] == NAME


def test_other_files_are_not_fetched(hub: Hub, checkpoint: Path, tmp_path: Path) -> None:
    (checkpoint / "onnx").mkdir()
    for name in ("pytorch_model.bin", "modeling_evil.py", "onnx/model.onnx"):
        (checkpoint / name).write_bytes(b"x")
    _report(_show(hub.url, tmp_path / "home", NAME, "--allow-downloads"))
    assert not any(name in " ".join(hub.asked) for name in ("pytorch", "evil", "onnx"))


def test_a_gated_model_says_what_to_do(hub: Hub, tmp_path: Path) -> None:
    hub.gated.add(NAME)
    said = _complaint(_show(hub.url, tmp_path / "home", NAME, "--allow-downloads"))
    assert "is gated" in said
    assert "HF_TOKEN" in said


def test_pickles_are_refused_before_they_are_fetched(
    hub: Hub, checkpoint: Path, tmp_path: Path
) -> None:
    (checkpoint / "model.safetensors").rename(checkpoint / "pytorch_model.bin")
    said = _complaint(_show(hub.url, tmp_path / "home", NAME, "--allow-downloads"))
    assert "can run code" in said
    assert not any("resolve" in asked for asked in hub.asked)


def test_no_such_model(hub: Hub, tmp_path: Path) -> None:
    said = _complaint(_show(hub.url, tmp_path / "home", "team/other", "--allow-downloads"))
    assert "The hub has no model team/other" in said


@pytest.mark.parametrize("status", [401, 500, 429])
def test_a_hub_that_refuses(hub: Hub, tmp_path: Path, status: int) -> None:
    hub.status = status
    said = _complaint(_show(hub.url, tmp_path / "home", NAME, "--allow-downloads"))
    assert NAME in said
    assert "HF_" in said


def test_a_hub_that_is_not_there(tmp_path: Path) -> None:
    with running_hub() as hub:
        gone = hub.url
    said = _complaint(_show(gone, tmp_path / "home", NAME, "--allow-downloads"))
    assert "cannot be reached" in said
    assert "HTTPS_PROXY" in said


def test_offline_by_the_environment(hub: Hub, tmp_path: Path) -> None:
    shown = _show(hub.url, tmp_path / "home", NAME, "--allow-downloads", HF_HUB_OFFLINE="1")
    assert "HF_HUB_OFFLINE" in _complaint(shown)


def test_an_interrupted_download_goes_on(hub: Hub, checkpoint: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    _report(_show(hub.url, home, NAME, "--allow-downloads"))
    (weights,) = home.rglob("snapshots/*/model.safetensors")
    weights.unlink()
    assert "downloads are not allowed" in _complaint(_show(hub.url, home, NAME))
    assert _report(_show(hub.url, home, NAME, "--allow-downloads"))["name"] == NAME


def test_the_runtime_shows_that_it_downloads(
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, start_runtime: Any
) -> None:
    monkeypatch.setenv("HF_ENDPOINT", hub.url)
    monkeypatch.setenv("HF_HOME", str(tmp_path / "home"))
    for name in ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
    hub.delay_s = 0.5
    settings = {"model": NAME, "allow_downloads": True, "engine": "transformers"}
    states = []
    runtime = start_runtime(**settings)
    status = runtime.client.wait_until_ready(lambda status: states.append(status.state))
    assert status.state == "ready"
    assert "downloading" in states
