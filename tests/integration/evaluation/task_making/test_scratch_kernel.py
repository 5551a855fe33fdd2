"""A real kernel in a copy of a notebook's folder."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from jupyter_safecoder.errors import NotebookError
from jupyter_safecoder.evaluation.task_making.scratch_kernel import (
    MAX_OUTPUT_CHARACTERS,
    ScratchKernel,
    scratch_kernel,
)
from tests.support.notebook_files import write_notebook
from tests.support.processes import is_gone, until


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a notebook, a module and data."""
    folder = tmp_path_factory.mktemp("project")
    (folder / "helpers.py").write_text("def double(x): return 2 * x\n")
    (folder / "data.csv").write_text("1,2\n")
    write_notebook(folder / "n.ipynb", ("code", "x = 1"))
    return folder


@pytest.fixture(scope="module")
def kernel(project: Path) -> Iterator[ScratchKernel]:
    """Return a kernel that the tests share."""
    with scratch_kernel(project / "n.ipynb", "no-such-kernel") as kernel:
        yield kernel


def output_of(kernel: ScratchKernel, code: str) -> str:
    """Return the output of a cell that does not fail."""
    done = kernel.execute(code, 60)
    assert done.failure == ""
    return done.output


def test_it_writes_to_a_copy_of_the_folder(kernel: ScratchKernel, project: Path) -> None:
    before = {path: path.read_bytes() for path in project.iterdir()}
    code = """
import helpers, os, pathlib, tempfile
print(helpers.double(4), open("data.csv").read())
pathlib.Path("data.csv").write_text("changed")
pathlib.Path("new.txt").write_text("new")
written = (pathlib.Path.home() / "at_home").write_text("new")
"""
    assert output_of(kernel, code) == "8 1,2"
    places = output_of(kernel, "print(os.getcwd(), pathlib.Path.home(), tempfile.gettempdir())")
    assert os.path.expanduser("~") not in places.split()
    assert str(project) not in places
    assert {path: path.read_bytes() for path in project.iterdir()} == before


def test_an_output_is_the_beginning_of_the_one_that_tells_most(kernel: ScratchKernel) -> None:
    assert output_of(kernel, "print(1); print(2)") == "1\n2"
    assert output_of(kernel, "print(1)\n3") == "3"
    assert output_of(kernel, "print(1)\nimport sys; print(2, file=sys.stderr)") == "1"
    assert output_of(kernel, "import numpy\nnumpy.ones(2)") == "array([1., 1.])"
    assert output_of(kernel, "x = 1") == ""
    assert len(output_of(kernel, "print('x' * 10**6)")) == MAX_OUTPUT_CHARACTERS


def test_a_failure_is_the_name_of_its_class(kernel: ScratchKernel) -> None:
    assert kernel.execute("1 / 0", 60).failure == "ZeroDivisionError"
    assert kernel.execute("raise type('<b>secret', (Exception,), {})", 60).failure == "error"
    assert kernel.execute("x = (", 60).failure in ("SyntaxError", "_IncompleteInputError")
    assert kernel.execute("input()", 60).failure == "StdinNotImplementedError"


def test_an_endless_loop_is_interrupted(kernel: ScratchKernel) -> None:
    start = time.monotonic()
    assert kernel.execute("seen = 5\nwhile True: pass", 1).failure == "timeout"
    assert time.monotonic() - start < 30
    assert output_of(kernel, "seen") == "5"


@pytest.mark.parametrize("host", ["192.0.2.1", "example.org"])
def test_it_reaches_no_network(kernel: ScratchKernel, host: str) -> None:
    # Without both protections a connection to the first address runs into the time limit.
    code = f"import socket\nsocket.create_connection(({host!r}, 443), timeout=30)"
    assert kernel.execute(code, 60).failure in ("OSError", "ConnectionRefusedError", "gaierror")


def test_it_has_no_proxies_and_none_of_the_secrets(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTPS_PROXY", "http_proxy", "no_proxy", "JUPYTERHUB_API_TOKEN"):
        monkeypatch.setenv(name, "http://192.0.2.1")
    with scratch_kernel(project / "n.ipynb") as kernel:
        names = output_of(
            kernel, "import os\nprint([n for n in os.environ if '192.0' in os.environ[n]])"
        )
        assert names == "[]"
        assert output_of(kernel, "print(os.environ['MPLBACKEND'])") == "Agg"


def test_its_memory_is_bounded(kernel: ScratchKernel) -> None:
    assert kernel.execute("bytearray(2**34)", 60).failure == "MemoryError"


def test_names_are_asked_without_an_execution(kernel: ScratchKernel) -> None:
    output_of(kernel, "rows, text = [1, 2], 'secret value'")
    number = output_of(kernel, "get_ipython().execution_count")
    answer = kernel.ask(["rows", "text", "missing"], ["helpers"])
    assert [(one["name"], one["type"]) for one in answer["names"]] == [
        ("rows", "list[int]"),
        ("text", "str"),
    ]
    assert answer["members"] == {"helpers": ["double"]}
    assert "secret" not in str(answer)
    assert int(output_of(kernel, "get_ipython().execution_count")) == int(number) + 1


def test_an_expression_leaves_no_trace(kernel: ScratchKernel) -> None:
    number = output_of(kernel, "get_ipython().execution_count")
    assert kernel.evaluate("len('four')")
    assert not kernel.evaluate("no_such_name")
    assert int(output_of(kernel, "get_ipython().execution_count")) == int(number) + 1


def test_a_kernel_that_ends_itself(project: Path) -> None:
    with scratch_kernel(project / "n.ipynb") as kernel:
        code = "import os, subprocess\nprint(subprocess.Popen(['sleep', '600']).pid)"
        child = int(output_of(kernel, code))
        assert kernel.execute("os._exit(3)", 60).failure == "died"
        assert kernel.ask(["x"], []) is None
    # What the notebook has started is ended, too.
    until(lambda: is_gone(child), 20)


def test_no_kernel_can_be_started(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JUPYTER_PATH", str(project))
    spec = project / "kernels" / "broken"
    spec.mkdir(parents=True)
    (spec / "kernel.json").write_text(
        '{"argv": ["false"], "display_name": "Broken", "language": "python"}'
    )
    with pytest.raises(NotebookError, match="could not be started"):  # noqa: SIM117
        with scratch_kernel(project / "n.ipynb", "broken"):
            pass
