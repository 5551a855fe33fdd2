"""The wheels of ``make dist`` in an empty environment: plain, in a Hub, with ``[local]``.

The tests install more into the same environment as they go on, so their order matters.
"""

from __future__ import annotations

import json
import zipfile
from email.parser import HeaderParser
from pathlib import Path

import httpx
import pytest
from packaging.requirements import Requirement

from tests.support.processes import until
from tests.support.real_hub import body, real_hub
from tests.support.virtual_environment import (
    MEGABYTE,
    VirtualEnvironment,
    wheel,
    with_extras,
)

#: What an installation without extras must not bring.
HEAVY = {
    "huggingface-hub",
    "nncf",
    "numpy",
    "openvino",
    "openvino-genai",
    "optimum-intel",
    "tokenizers",
    "torch",
    "transformers",
}
#: What serving the embedded model must not bring.
CONVERSION = {"nncf", "optimum", "optimum-intel", "torch", "transformers"}
MAX_BASE_BYTES = 60 * MEGABYTE

pytestmark = pytest.mark.timeout(900)


@pytest.fixture(scope="module")
def jupyterlab(tmp_path_factory: pytest.TempPathFactory) -> tuple[VirtualEnvironment, int]:
    """Return an environment with JupyterLab and our plain wheel, and the size of JupyterLab."""
    environment = VirtualEnvironment(tmp_path_factory.mktemp("dist"))
    environment.install("jupyterlab")
    size = environment.size_bytes()
    environment.install(wheel("jupyter_safecoder"), compiled=True)
    return environment, size


@pytest.fixture(scope="module")
def plain(jupyterlab: tuple[VirtualEnvironment, int]) -> VirtualEnvironment:
    """Return an environment with JupyterLab and our plain wheel."""
    return jupyterlab[0]


def test_the_wheel_has_its_data_and_enables_the_server_extension() -> None:
    names = zipfile.ZipFile(wheel("jupyter_safecoder")).namelist()
    lab = "share/jupyter/labextensions/jupyter-safecoder/package.json"
    assert any(n.endswith(lab) for n in names)
    assert any(n.endswith("jupyter_server_config.d/jupyter_safecoder.json") for n in names)
    assert "jupyter_safecoder/protocol.schema.json" in names
    for part in (
        "accounting/event_schemas/admin_action/v1.yaml",
        "accounting/migrations/versions/0001_usage.py",
        "dashboard/static/page.css",
        "dashboard/templates/page.html",
    ):
        assert f"jupyter_safecoder/hub/{part}" in names
    assert not [n for n in names if "node_modules" in n or n.endswith((".ts", ".gguf"))]
    assert not [n for n in names if n.startswith(("tests/", "benchmarks/"))]


def test_the_metadata_is_complete() -> None:
    archive = zipfile.ZipFile(wheel("jupyter_safecoder"))
    (name,) = (n for n in archive.namelist() if n.endswith(".dist-info/METADATA"))
    metadata = HeaderParser().parsestr(archive.read(name).decode())
    requirements = [Requirement(line) for line in metadata.get_all("Requires-Dist", [])]
    base = {r.name for r in requirements if r.marker is None or "extra" not in str(r.marker)}
    assert "jupyterlab" not in base
    assert "jupyter-server" in {name.replace("_", "-") for name in base}
    assert metadata["License-Expression"] == "Apache-2.0"
    assert metadata["Author"]
    assert "Typing :: Typed" in metadata.get_all("Classifier", [])
    urls = {line.partition(",")[0] for line in metadata.get_all("Project-URL", [])}
    assert urls == {"Homepage", "Documentation", "Source", "Issues", "Changelog"}


def test_a_plain_installation_is_small(jupyterlab: tuple[VirtualEnvironment, int]) -> None:
    environment, before = jupyterlab
    assert not HEAVY & environment.packages()
    assert environment.size_bytes() - before < MAX_BASE_BYTES


def test_a_plain_installation_has_both_extensions(plain: VirtualEnvironment) -> None:
    lab = plain.run("jupyter", "labextension", "list")
    assert "jupyter-safecoder" in lab.stderr + lab.stdout
    assert "OK" in lab.stderr + lab.stdout
    server = plain.run("jupyter", "server", "extension", "list")
    assert "jupyter_safecoder 0.1.0 \x1b[32mOK" in server.stderr + server.stdout or (
        "jupyter_safecoder 0.1.0 OK" in server.stderr + server.stdout
    )


def test_a_plain_installation_says_what_it_lacks(plain: VirtualEnvironment) -> None:
    report = json.loads(plain.run("jupyter", "safecoder", "doctor", "--json").stdout)
    assert not report["ok"]
    checks = {check["name"]: check for check in report["checks"]}
    assert checks["jupyterlab"]["ok"]
    assert checks["lab extension"]["ok"]
    assert checks["server extension"]["ok"]
    assert not checks["engine"]["ok"]
    assert "jupyter-safecoder[local]" in checks["engine"]["remedy"]


def test_a_plain_installation_says_what_fine_tuning_needs(plain: VirtualEnvironment) -> None:
    done = plain.run("jupyter", "safecoder", "corpus", ".")
    assert done.returncode == 1
    assert "Fine-tuning is not installed here" in done.stderr
    assert "[local,checkpoints,finetune]" in done.stderr
    done = plain.run("jupyter", "safecoder", "attribution", "list")
    assert done.returncode == 1
    assert "numpy is missing" in done.stderr


def test_the_magics_of_a_plain_installation(plain: VirtualEnvironment) -> None:
    loaded, state, completion = plain.run_cells(
        "%load_ext jupyter_safecoder", "%safecoder", "%safecoder complete 'import numpy as'"
    )
    assert loaded == ""
    assert "off" in state
    assert "jupyter-safecoder[local]" in completion


def test_a_plain_installation_is_a_user_server_of_a_hub(
    plain: VirtualEnvironment, tmp_path: Path
) -> None:
    plain.install("jupyterhub")
    assert not HEAVY & plain.packages()
    command = [str(plain.python), "-m", "jupyterhub.singleuser"]
    with real_hub(tmp_path, config=f"\nc.Spawner.cmd = {command!r}\n") as hub:
        hub.start_server("ada")
        token = hub.token("ada", ["access:servers!user=ada"])
        own = httpx.Client(
            base_url=f"{hub.url}/user/ada/jupyter-safecoder",
            headers={"Authorization": f"token {token}"},
            timeout=60,
            trust_env=False,
        )
        with own:
            until(lambda: bool(own.post("/start").json()["state"] == "ready"), 60)
            answer = own.post("/completions", content=body())
    done = json.loads(answer.text.splitlines()[-1])
    assert (done["event"], done["text"]) == ("done", "_world()")


def test_the_local_extra_completes_without_torch(plain: VirtualEnvironment) -> None:
    plain.install(with_extras("local"), wheel("safecoder_smol_135m"))
    assert not CONVERSION & plain.packages()
    notebook = plain.write_notebook("hello.ipynb", ["import numpy as"])
    place = ("--cell", "0", "--line", "0", "--column", "15", "--json")
    done = plain.run("jupyter", "safecoder", "complete", notebook, *place)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["text"].strip() == "np"


def test_the_magics_with_the_local_extra(plain: VirtualEnvironment) -> None:
    *_, completion = plain.run_cells(
        "%load_ext jupyter_safecoder", "%safecoder complete 'import numpy as'"
    )
    assert "import numpy as np" in completion
