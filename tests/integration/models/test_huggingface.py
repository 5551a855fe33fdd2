"""Models of the Hugging Face Hub are downloaded only if that is allowed; errors have a remedy.

Through the command line, in a process of its own: huggingface_hub reads its settings once.
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

from tests.support.huggingface_server import COMMIT, HuggingFaceServer, huggingface_server
from tests.support.processes import run_python

NAME = "team/tiny"


@pytest.fixture
def server(checkpoint: Path) -> Iterator[HuggingFaceServer]:
    """Yield a server with one model."""
    with huggingface_server() as server:
        server.models[NAME] = checkpoint
        yield server


def _show(
    url: str, home: Path, *arguments: str, **environment: str
) -> subprocess.CompletedProcess[str]:
    clean = {name: v for name, v in os.environ.items() if not name.startswith(("HF_", "TRANSF"))}
    return subprocess.run(
        [sys.executable, "-m", "jupyter_safecoder.cli.main", "model", "show", *arguments, "--json"],
        env={**clean, "HF_ENDPOINT": url, "HF_HOME": str(home), **environment},
        capture_output=True,
        text=True,
        timeout=120,
    )


def _error(shown: subprocess.CompletedProcess[str]) -> str:
    assert shown.returncode == 1
    assert "Traceback" not in shown.stderr
    return shown.stderr


def _report(shown: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    assert shown.returncode == 0, shown.stderr
    report: dict[str, Any] = json.loads(shown.stdout)
    return report


def test_a_model_is_downloaded_only_if_allowed_and_then_kept(
    server: HuggingFaceServer, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    error = _error(_show(server.url, home, NAME))
    assert "downloads are not allowed" in error
    assert "allow_downloads" in error
    assert server.requests == []
    report = _report(_show(server.url, home, NAME, "--allow-downloads"))
    assert (report["name"], report["family"]) == (NAME, "starcoder")
    assert any("model.safetensors" in request for request in server.requests)
    server.requests.clear()
    assert _report(_show(server.url, home, NAME)) == report
    assert _report(_show(server.url, home, NAME, "--allow-downloads")) == report
    assert server.requests == []


def test_a_downloaded_model_is_listed(server: HuggingFaceServer, tmp_path: Path) -> None:
    _report(_show(server.url, tmp_path / "home", NAME, "--allow-downloads"))
    listed = run_python(
        "from jupyter_safecoder.cli.main import main; main(['model', 'list', '--json'])",
        HF_HOME=str(tmp_path / "home"),
    )
    rows = json.loads(listed.stdout)["models"]
    assert [row["kind"] for row in rows if row["model"] == NAME] == ["downloaded"]


def test_a_revision(server: HuggingFaceServer, tmp_path: Path) -> None:
    arguments = (NAME, "--allow-downloads", "--revision")
    error = _error(_show(server.url, tmp_path / "home", *arguments, "v9"))
    assert "has no revision 'v9'" in error
    assert _report(_show(server.url, tmp_path / "home", *arguments, COMMIT))["name"] == NAME


def test_other_files_are_not_downloaded(
    server: HuggingFaceServer, checkpoint: Path, tmp_path: Path
) -> None:
    (checkpoint / "onnx").mkdir()
    for name in ("pytorch_model.bin", "modeling_evil.py", "onnx/model.onnx"):
        (checkpoint / name).write_bytes(b"x")
    _report(_show(server.url, tmp_path / "home", NAME, "--allow-downloads"))
    assert not any(name in " ".join(server.requests) for name in ("pytorch", "evil", "onnx"))


def test_a_gated_model_has_a_remedy(server: HuggingFaceServer, tmp_path: Path) -> None:
    server.gated.add(NAME)
    error = _error(_show(server.url, tmp_path / "home", NAME, "--allow-downloads"))
    assert "is gated" in error
    assert "HF_TOKEN" in error


def test_pickles_are_refused_before_the_download(
    server: HuggingFaceServer, checkpoint: Path, tmp_path: Path
) -> None:
    (checkpoint / "model.safetensors").rename(checkpoint / "pytorch_model.bin")
    error = _error(_show(server.url, tmp_path / "home", NAME, "--allow-downloads"))
    assert "can run code" in error
    assert not any("resolve" in request for request in server.requests)


def test_a_model_that_does_not_exist(server: HuggingFaceServer, tmp_path: Path) -> None:
    error = _error(_show(server.url, tmp_path / "home", "team/other", "--allow-downloads"))
    assert "The Hugging Face Hub has no model team/other" in error


@pytest.mark.parametrize("status", [401, 500, 429])
def test_a_server_with_an_error_status(
    server: HuggingFaceServer, tmp_path: Path, status: int
) -> None:
    server.status = status
    error = _error(_show(server.url, tmp_path / "home", NAME, "--allow-downloads"))
    assert NAME in error
    assert "HF_" in error


def test_a_server_that_cannot_be_reached(tmp_path: Path) -> None:
    with huggingface_server() as server:
        gone = server.url
    error = _error(_show(gone, tmp_path / "home", NAME, "--allow-downloads"))
    assert "cannot be reached" in error
    assert "HTTPS_PROXY" in error


def test_offline_by_the_environment(server: HuggingFaceServer, tmp_path: Path) -> None:
    shown = _show(server.url, tmp_path / "home", NAME, "--allow-downloads", HF_HUB_OFFLINE="1")
    assert "HF_HUB_OFFLINE" in _error(shown)


def test_an_interrupted_download_continues(
    server: HuggingFaceServer, checkpoint: Path, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    _report(_show(server.url, home, NAME, "--allow-downloads"))
    (weights,) = home.rglob("snapshots/*/model.safetensors")
    weights.unlink()
    assert "downloads are not allowed" in _error(_show(server.url, home, NAME))
    assert _report(_show(server.url, home, NAME, "--allow-downloads"))["name"] == NAME


def test_the_runtime_reports_the_download(
    server: HuggingFaceServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, start_runtime: Any
) -> None:
    monkeypatch.setenv("HF_ENDPOINT", server.url)
    monkeypatch.setenv("HF_HOME", str(tmp_path / "home"))
    for name in ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
    server.delay_s = 0.5
    settings = {"model": NAME, "allow_downloads": True, "engine": "transformers"}
    states = []
    runtime = start_runtime(**settings)
    status = runtime.client.wait_until_ready(lambda status: states.append(status.state))
    assert status.state == "ready"
    assert "downloading" in states
