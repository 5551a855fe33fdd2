"""Models of the catalogue come from the hub or from packages, and a killed download is continued.

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

from jupyter_safecoder.models.fingerprint import hash_file
from tests.support.catalogue_models import (
    MODEL,
    file_of,
    hub_path,
    hub_place,
    write_catalogue,
    write_gguf,
    write_parts,
)
from tests.support.file_server import FileServer, file_server
from tests.support.huggingface_server import HuggingFaceServer, huggingface_server
from tests.support.processes import until

NAME = MODEL["name"]


@pytest.fixture(scope="module")
def gguf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a GGUF file of 4 MB."""
    return write_gguf(tmp_path_factory.mktemp("gguf") / "tiny.gguf", 1_000_000)


@pytest.fixture
def server() -> Iterator[FileServer]:
    with file_server() as server:
        yield server


@pytest.fixture
def hub(checkpoint: Path) -> Iterator[HuggingFaceServer]:
    """Yield a hub with a checkpoint."""
    with huggingface_server() as server:
        server.models["team/tiny-coder"] = checkpoint
        yield server


def start(url: str, directory: Path, *arguments: str) -> subprocess.Popen[str]:
    """Start ``model get`` with a hub at a URL."""
    clean = {name: v for name, v in os.environ.items() if not name.startswith(("HF_", "TRANSF"))}
    command = [sys.executable, "-m", "jupyter_safecoder.cli.main", "model", "get", NAME]
    paths = ["--catalogues", str(directory / "team.toml"), "--cache-dir", str(directory / "own")]
    return subprocess.Popen(
        [*command, *paths, *arguments, "--json"],
        env={**clean, "HF_ENDPOINT": url, "HF_HOME": str(directory / "home")},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def report(process: subprocess.Popen[str]) -> dict[str, Any]:
    output, errors = process.communicate(timeout=120)
    assert process.returncode == 0, errors
    content: dict[str, Any] = json.loads(output)
    return content


def error(process: subprocess.Popen[str]) -> str:
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 1
    assert "Traceback" not in errors
    return " ".join(errors.split())


def test_a_killed_download_from_the_hub_is_continued(
    server: FileServer, gguf: Path, tmp_path: Path
) -> None:
    model = {**MODEL, "files": [file_of(gguf)], "places": [hub_place()]}
    write_catalogue(tmp_path / "team.toml", model)
    path = hub_path(gguf.name)
    server.files[path] = gguf.read_bytes()
    server.stall_after = 2_500_000
    partial = tmp_path / "own/models" / f".{NAME}.download/partial/{gguf.name}"
    killed = start(server.url, tmp_path)
    until(lambda: partial.is_file() and partial.stat().st_size >= 2 * 2**20, 60)
    killed.kill()
    killed.communicate()
    assert not (tmp_path / "own/models" / NAME).exists()
    server.stall_after = None
    received = partial.stat().st_size
    got = report(start(server.url, tmp_path, "--from", "hub"))
    assert (got["model"], got["license"], got["commercial_use"]) == (NAME, "MIT", True)
    assert got["files"] == str(tmp_path / "own/models" / NAME)
    assert hash_file(Path(got["files"], gguf.name)) == hash_file(gguf)
    assert server.ranges_of(path) == ["", f"bytes={received}-"]


def test_a_hub_that_lies_and_the_next_place(
    server: FileServer, gguf: Path, packages: Path, tmp_path: Path
) -> None:
    place = write_parts(packages, gguf.read_bytes())
    model = {**MODEL, "files": [file_of(gguf)], "places": [hub_place(), place]}
    write_catalogue(tmp_path / "team.toml", model)
    server.files[hub_path(gguf.name)] = bytes(10**7)
    got = report(start(server.url, tmp_path))
    assert hash_file(Path(got["files"], gguf.name)) == hash_file(gguf)


def test_a_checkpoint_is_verified_by_the_hash_of_the_hub(
    hub: HuggingFaceServer, checkpoint: Path, tmp_path: Path
) -> None:
    write_catalogue(
        tmp_path / "team.toml", {**MODEL, "places": [{"repository": "team/tiny-coder"}]}
    )
    weights = (checkpoint / "model.safetensors").read_bytes()
    hub.lies["model.safetensors"] = weights[:-1] + bytes([weights[-1] ^ 1])
    engine = ("--engine", "transformers")
    assert "its SHA-256 differs" in error(start(hub.url, tmp_path, *engine))
    hub.lies.clear()
    got = report(start(hub.url, tmp_path, *engine))
    assert (got["engine"], got["directory"]) == ("transformers", None)
    description = json.loads(Path(got["files"], "model.json").read_text())
    assert (description["name"], description["layouts"]) == (NAME, ["psm"])
    assert all(len(file["sha256"]) == 64 for file in description["files"])
    assert hash_file(Path(got["files"], "model.safetensors")) == hash_file(
        checkpoint / "model.safetensors"
    )


def test_weights_that_cannot_be_served_are_not_fetched(
    hub: HuggingFaceServer, checkpoint: Path, tmp_path: Path
) -> None:
    write_catalogue(
        tmp_path / "team.toml", {**MODEL, "places": [{"repository": "team/tiny-coder"}]}
    )
    config = json.loads((checkpoint / "config.json").read_text())
    (checkpoint / "config.json").write_text(json.dumps({**config, "model_type": "unheard-of"}))
    assert "architecture 'unheard-of'" in error(start(hub.url, tmp_path))
    assert not any("model.safetensors" in request for request in hub.requests)
