"""The wheels that `make dist` made work in an empty environment: first the thin one, then all."""

from __future__ import annotations

from tests.support.paths import ROOT

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

HEAVY = {"torch", "transformers", "openvino", "openvino-genai", "tokenizers", "optimum-intel"}

pytestmark = pytest.mark.timeout(900)


def wheel(name: str) -> Path:
    (found,) = (ROOT / "dist").glob(f"{name}-*.whl")
    return found


class Venv:
    """A virtual environment, and commands in it that see nothing of the repository."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.bin = directory / "venv" / "bin"
        subprocess.run([sys.executable, "-m", "venv", directory / "venv"], check=True)

    def run(self, *command: str | Path) -> subprocess.CompletedProcess[str]:
        environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
        environment["JUPYTER_RUNTIME_DIR"] = str(self.directory / "runtime")
        environment["JUPYTER_CONFIG_DIR"] = str(self.directory / "config")
        environment["PATH"] = f"{self.bin}:{environment['PATH']}"
        return subprocess.run(
            [self.bin / command[0], *command[1:]],
            cwd=self.directory,
            env=environment,
            text=True,
            capture_output=True,
        )

    def install(self, *requirements: str | Path) -> None:
        done = self.run("pip", "install", "-q", "-c", ROOT / "constraints.txt", *requirements)
        assert done.returncode == 0, done.stderr[-2000:]

    def packages(self) -> set[str]:
        listed = json.loads(self.run("pip", "list", "--format=json").stdout)
        return {package["name"].lower().replace("_", "-") for package in listed}


@pytest.fixture(scope="module")
def venv(tmp_path_factory: pytest.TempPathFactory) -> Venv:
    made = Venv(tmp_path_factory.mktemp("dist"))
    made.install(wheel("jupyter_safecoder"))
    return made


def test_the_wheel_holds_the_lab_extension_and_enables_the_server_extension() -> None:
    names = zipfile.ZipFile(wheel("jupyter_safecoder")).namelist()
    assert any(n.endswith("share/jupyter/labextensions/jupyter-safecoder/package.json") for n in names)
    assert any(n.endswith("jupyter_server_config.d/jupyter_safecoder.json") for n in names)
    assert "jupyter_safecoder/protocol.schema.json" in names
    for part in ("templates/page.html", "static/page.css", "event_schemas/act.yaml"):
        assert f"jupyter_safecoder/hub/{part}" in names
    assert not [n for n in names if "node_modules" in n or n.endswith((".ts", ".gguf"))]


def test_a_thin_installation_has_both_extensions_and_no_heavy_package(venv: Venv) -> None:
    assert not HEAVY & venv.packages()
    lab = venv.run("jupyter", "labextension", "list")
    assert "jupyter-safecoder" in lab.stderr + lab.stdout
    assert "OK" in lab.stderr + lab.stdout
    server = venv.run("jupyter", "server", "extension", "list")
    assert "jupyter_safecoder 0.1.0 \x1b[32mOK" in server.stderr + server.stdout or (
        "jupyter_safecoder 0.1.0 OK" in server.stderr + server.stdout
    )


def test_a_thin_installation_says_what_it_lacks(venv: Venv) -> None:
    report = json.loads(venv.run("jupyter", "safecoder", "doctor", "--json").stdout)
    assert not report["ok"]
    checks = {check["name"]: check for check in report["checks"]}
    assert checks["lab extension"]["ok"]
    assert checks["server extension"]["ok"]
    assert not checks["engine"]["ok"]
    assert "jupyter-safecoder[local]" in checks["engine"]["remedy"]


def test_thin_says_what_fine_tuning_needs(venv: Venv) -> None:
    done = venv.run("jupyter", "safecoder", "corpus", ".")
    assert done.returncode == 1
    assert "Fine-tuning is not installed here" in done.stderr
    assert "[local,finetune]" in done.stderr


def test_with_the_local_extra_it_completes(venv: Venv) -> None:
    venv.install(f"{wheel('jupyter_safecoder')}[local]", wheel("safecoder_smol_135m"))
    notebook = venv.directory / "hello.ipynb"
    cell = {
        "cell_type": "code",
        "id": "one",
        "metadata": {},
        "execution_count": None,
        "outputs": [],
        "source": "import numpy as",
    }
    notebook.write_text(
        json.dumps({"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5})
    )
    place = ("--cell", "0", "--line", "0", "--column", "15", "--json")
    done = venv.run("jupyter", "safecoder", "complete", notebook, *place)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["text"].strip() == "np"
