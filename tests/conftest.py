"""Fixtures of all tests: own directories, runtime processes, the embedded model."""

from __future__ import annotations

import gc
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from jupyter_safecoder.confinement import confinement
from jupyter_safecoder.models import EMBEDDED, resolve_model
from jupyter_safecoder.models.tokenizer import FileTokenizer
from tests.support.processes import RuntimeProcess, runtime_process

pytest_plugins = [
    "pytest_jupyter.jupyter_server",
    "tests.support.fixtures.conversion",
    "tests.support.fixtures.finetune",
    "tests.support.fixtures.hub",
    "tests.support.fixtures.models",
]

#: Directories of tests that choose the directories of their servers themselves.
_ELSEWHERE = ("browser", "dist")


def pytest_sessionstart() -> None:
    """Collect no garbage while tests are collected: nearly all of it stays."""
    gc.disable()


def pytest_collection_finish() -> None:
    """Leave modules and collected tests to no garbage collection: each would take longer."""
    gc.enable()
    gc.freeze()


@pytest.fixture(scope="session", autouse=True)
def shared_runtime_directory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep runtimes that several tests share out of the user's own directory."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path_factory.mktemp("runtime")))
        yield


@pytest.fixture(scope="session", autouse=True)
def unconfined() -> Iterator[None]:
    """Fail if a test confined this process: its guard would hold all later tests, too."""
    yield
    assert not confinement().guarded


@pytest.fixture(autouse=True)
def isolated(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """Give each test Jupyter directories and a temporary directory of its own."""
    if request.path.parent.name in _ELSEWHERE:
        return tmp_path
    for name in ("RUNTIME", "CONFIG", "DATA"):
        monkeypatch.setenv(f"JUPYTER_{name}_DIR", str(tmp_path / name.lower()))
    (tmp_path / "tmp").mkdir(exist_ok=True)
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    monkeypatch.setattr(tempfile, "tempdir", None)
    return tmp_path


@pytest.fixture(scope="session")
def embedded_tokenizer() -> FileTokenizer:
    """Return the tokenizer of the embedded model."""
    return FileTokenizer(resolve_model(EMBEDDED).tokenizer)


@pytest.fixture
def short_directory(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Make the temporary directory one whose path has room for the name of a socket."""
    with tempfile.TemporaryDirectory(dir="/tmp") as directory:
        monkeypatch.setenv("TMPDIR", directory)
        monkeypatch.setattr(tempfile, "tempdir", None)
        yield Path(directory)


@pytest.fixture
def start_runtime(tmp_path: Path) -> Iterator[Callable[..., RuntimeProcess]]:
    """Return a function that starts runtime processes, which stop with the test."""
    with ExitStack() as started:
        numbers = count()

        def start(script: dict[str, Any] | None = None, **settings: Any) -> RuntimeProcess:
            directory = tmp_path / f"runtime-{next(numbers)}"
            return started.enter_context(runtime_process(directory, script, **settings))

        yield start
