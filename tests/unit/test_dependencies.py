"""Every import is declared in ``pyproject.toml``, in the extra of its folder, and pinned."""

from __future__ import annotations

import ast
import importlib.metadata
import re
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement

import jupyter_safecoder.extras as extras_module
from jupyter_safecoder.files.toml import read_toml
from tests.support.paths import ROOT

#: The extras whose packages a file may import, beside those of the plain installation. The longest
#: path that matches counts. A file that is not listed works in a plain installation.
EXTRAS: dict[str, set[str]] = {
    "jupyter_safecoder/adapters": {"local"},
    "jupyter_safecoder/attribution": {"local"},
    "jupyter_safecoder/conversion": {"local", "checkpoints"},
    "jupyter_safecoder/conversion/export.py": {"local", "checkpoints", "onnxruntime"},
    "jupyter_safecoder/downloads": {"local"},
    "jupyter_safecoder/engines/hardware/torch_threads.py": {"local", "checkpoints"},
    "jupyter_safecoder/engines/openvino.py": {"local"},
    "jupyter_safecoder/engines/onnxruntime.py": {"local", "onnxruntime"},
    "jupyter_safecoder/engines/selection/select.py": {"local"},
    "jupyter_safecoder/engines/slots/cache.py": {"local", "checkpoints"},
    "jupyter_safecoder/engines/slots/forward.py": {"local", "checkpoints"},
    "jupyter_safecoder/engines/transformers.py": {"local", "checkpoints"},
    "jupyter_safecoder/engines/generate.py": {"local", "checkpoints"},
    "jupyter_safecoder/engines/habana.py": {"local", "checkpoints"},
    "jupyter_safecoder/engines/neuron.py": {"local", "checkpoints"},
    "jupyter_safecoder/evaluation/scoring.py": {"local", "remote"},
    "jupyter_safecoder/finetune": {"local", "checkpoints", "finetune"},
    "jupyter_safecoder/hub": {"hub"},
    "jupyter_safecoder/magics": {"finetune"},
    "jupyter_safecoder/privacy/jupyter_files.py": {"lab"},
    "jupyter_safecoder/models": {"local", "checkpoints"},
    "jupyter_safecoder/models/gguf": {"local"},
    "jupyter_safecoder/models/tokenizer.py": {"local", "remote"},
    "benchmarks": {"local", "checkpoints", "finetune", "hub", "dev"},
    "supply_chain": {"dev"},
    "tests": {
        "lab",
        "local",
        "checkpoints",
        "remote",
        "onnxruntime",
        "finetune",
        "hub",
        "dev",
    },
}

#: Folders of the repository that are packages.
OWN_PACKAGES = {"jupyter_safecoder", "benchmarks", "supply_chain", "tests"}

#: Modules that another environment provides, by the file that imports them.
PROVIDED_ELSEWHERE = {
    "benchmarks/engines/workers/llama_cpp_engine.py": {"llama_cpp"},
    "benchmarks/engines/workers/vllm_engine.py": {"vllm"},
    # Intel's and AWS's containers
    "jupyter_safecoder/engines/habana.py": {"optimum"},
    "jupyter_safecoder/engines/neuron.py": {"optimum"},
}

#: Requirements that no file imports, and why they are declared.
NOT_IMPORTED = {
    "build": "python -m build, in the Makefile",
    "check-jsonschema": "the Makefile's lint",
    "import-linter": "the Makefile's lint",
    "jupyterlab": "the lab extension runs in it",
    "mypy": "the Makefile's lint",
    "notebook": "Notebook 7, in tests/browser",
    "optimum-onnx": "imported as optimum.exporters.onnx, in an environment of its own",
    "pandas": "notebooks/01-complete.ipynb",
    "pg8000": "SQLAlchemy's driver for PostgreSQL",
    "pre-commit": "checks before a commit",
    "pre-commit-hooks": "checks before a commit",
    "pytest-cov": "the Makefile's coverage",
    "pytest-jupyter": "a plugin that tests/conftest.py names",
    "pytest-timeout": "the timeouts of the tests",
    "ruff": "the Makefile's lint",
    "safecoder-smol-135m": "its files are read as data",
    "tomli": "files/toml.py imports it by name, in Python 3.10",
}


#: The extras that each lock is made for, as in the Makefile.
LOCKS = {
    "constraints.txt": {"lab", "local", "checkpoints", "remote", "finetune", "hub", "dev"},
    "constraints-onnxruntime.txt": {"local", "checkpoints", "onnxruntime", "hub", "dev"},
}


def normalized(name: str) -> str:
    """Return a distribution's name as PyPI compares names."""
    return re.sub(r"[-_.]+", "-", name).lower()


@cache
def project() -> dict[str, Any]:
    """Return the table ``project`` of pyproject.toml."""
    table: dict[str, Any] = read_toml(ROOT / "pyproject.toml")["project"]
    return table


def declared(extras: set[str]) -> set[str]:
    """Return the names of what a plain installation and these extras require."""
    lines = [*project()["dependencies"]]
    for extra in extras:
        lines += project()["optional-dependencies"][extra]
    return {normalized(Requirement(line).name) for line in lines}


def extras_of(path: str) -> set[str]:
    """Return the extras whose packages a file may import."""
    matching = [prefix for prefix in EXTRAS if f"{path}/".startswith(f"{prefix}/")]
    return EXTRAS[max(matching, key=len)] if matching else set()


def python_files() -> list[str]:
    """Return the paths of all Python files of this project."""
    found = [path for top in OWN_PACKAGES for path in (ROOT / top).rglob("*.py")]
    return sorted(path.relative_to(ROOT).as_posix() for path in found)


def imported_modules(path: Path) -> Iterator[str]:
    """Yield the top-level name of each absolute import, those inside functions too."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name.partition(".")[0]
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield node.module.partition(".")[0]


@cache
def distributions() -> dict[str, set[str]]:
    """Return the normalized names of the installed distributions that have each module.

    ``importlib.metadata.packages_distributions`` of Python 3.10 knows only those with a
    ``top_level.txt``.
    """
    found: dict[str, set[str]] = {}
    for distribution in importlib.metadata.distributions():
        name = normalized(distribution.metadata["Name"])
        for line in (distribution.read_text("RECORD") or "").splitlines():
            module = re.split(r"[/.,]", line, maxsplit=1)[0]
            found.setdefault(module, set()).add(name)
    return found


@cache
def third_party_modules(path: str) -> set[str]:
    """Return the modules of other projects that a file imports."""
    names = set(imported_modules(ROOT / path))
    # Python 3.10 has no tomllib yet.
    standard_library = sys.stdlib_module_names | {"tomllib"}
    return names - OWN_PACKAGES - standard_library - PROVIDED_ELSEWHERE.get(path, set())


@pytest.mark.parametrize("path", [p for p in python_files() if third_party_modules(p)])
def test_imports_are_declared(path: str) -> None:
    allowed = declared(extras_of(path))
    undeclared = {
        m
        for m in third_party_modules(path)
        if not distributions().get(m, {normalized(m)}) & allowed
    }
    assert not undeclared, f"not in the base requirements or in the extras {extras_of(path)}"


def test_the_table_names_extras_and_files_that_exist() -> None:
    files = python_files()
    assert all(any(f"{f}/".startswith(f"{p}/") for f in files) for p in EXTRAS)
    assert set().union(*EXTRAS.values()) == set(project()["optional-dependencies"])
    assert set(PROVIDED_ELSEWHERE) <= set(files)


def test_each_requirement_is_imported_or_has_a_reason() -> None:
    imported = {
        name
        for path in python_files()
        for module in third_party_modules(path)
        for name in distributions().get(module, {normalized(module)})
    }
    everything = declared(set(project()["optional-dependencies"]))
    assert everything - imported - set(NOT_IMPORTED) == set()
    assert set(NOT_IMPORTED) <= everything


def test_install_commands_name_extras_that_exist() -> None:
    commands = [value for name, value in vars(extras_module).items() if "INSTALL" in name]
    named = {extra for c in commands for extra in c.partition("[")[2].partition("]")[0].split(",")}
    assert len(commands) >= 6
    assert named <= set(project()["optional-dependencies"])


@pytest.mark.parametrize(("lock", "extras"), LOCKS.items())
def test_a_lock_pins_every_requirement_to_a_version_of_its_range(
    lock: str, extras: set[str]
) -> None:
    lines = (ROOT / lock).read_text().splitlines()
    pins = [Requirement(line) for line in lines if line and not line.startswith((" ", "#"))]
    required = [*project()["dependencies"]]
    for extra in extras:
        required += project()["optional-dependencies"][extra]
    for line in required:
        wanted = Requirement(line)
        if wanted.name == "safecoder-smol-135m":
            continue  # built from weights/
        versions = [
            next(iter(pin.specifier)).version
            for pin in pins
            if normalized(pin.name) == normalized(wanted.name)
        ]
        assert versions, f"{wanted.name} has no pin: run `make lock`"
        assert all(version in wanted.specifier for version in versions), wanted.name


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_names_no_package_index_and_no_file(lock: str) -> None:
    text = (ROOT / lock).read_text()
    assert "://" not in text
    assert not re.search(r"^(-|\S+ @)", text, re.MULTILINE)
