"""Virtual environments in which the built wheels are installed, as users install them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_notebook

from tests.support.paths import ROOT

MEGABYTE = 10**6


def wheel(name: str) -> Path:
    """Return the wheel of a distribution that ``make dist`` built."""
    (found,) = (ROOT / "dist").glob(f"{name}-*.whl")
    return found


def with_extras(*extras: str) -> str:
    """Return the requirement of our wheel with extras."""
    return f"{wheel('jupyter_safecoder')}[{','.join(extras)}]"


class VirtualEnvironment:
    """A virtual environment, and commands in it that see nothing of the repository.

    Parameters
    ----------
    directory
        Existing empty directory that gets the environment and its Jupyter directories.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.bin = directory / "venv" / "bin"
        command = (sys.executable, "-m", "venv", "--without-pip", str(directory / "venv"))
        subprocess.run(command, check=True)

    @property
    def python(self) -> Path:
        """The interpreter."""
        return self.bin / "python"

    def run(self, *command: str | Path) -> subprocess.CompletedProcess[str]:
        """Run a program of the environment and return what it wrote."""
        return self._run(self.bin / command[0], *command[1:])

    def pip(self, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
        """Run pip on the environment, which has none: installing it would take seconds."""
        return self._run(sys.executable, "-m", "pip", "--python", self.python, *arguments)

    def _run(self, *command: str | Path) -> subprocess.CompletedProcess[str]:
        environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
        environment["JUPYTER_RUNTIME_DIR"] = str(self.directory / "runtime")
        environment["JUPYTER_CONFIG_DIR"] = str(self.directory / "config")
        environment["PATH"] = f"{self.bin}:{environment['PATH']}"
        return subprocess.run(
            command,
            cwd=self.directory,
            env=environment,
            text=True,
            capture_output=True,
        )

    def install(self, *requirements: str | Path, compiled: bool = False) -> None:
        """Install requirements in the versions of the lock.

        Parameters
        ----------
        requirements
            Requirements, or paths of wheels.
        compiled
            Whether to compile all modules, as pip does by default; else at their first import.
        """
        options = ("-q", "-c", ROOT / "constraints.txt", *(() if compiled else ("--no-compile",)))
        done = self.pip("install", *options, *requirements)
        assert done.returncode == 0, done.stderr[-2000:]

    def packages(self) -> set[str]:
        """Return the normalized names of the installed distributions."""
        listed = json.loads(self.pip("list", "--format=json").stdout)
        return {package["name"].lower().replace("_", "-") for package in listed}

    def size_bytes(self) -> int:
        """Return the size of all files of the environment."""
        files = (path for path in (self.directory / "venv").rglob("*") if path.is_file())
        return sum(path.lstat().st_size for path in files)

    def write_notebook(self, name: str, cells: Sequence[str]) -> Path:
        """Write a notebook of code cells and return its path."""
        path = self.directory / name
        nbformat.write(new_notebook(cells=[new_code_cell(cell) for cell in cells]), path)
        return path

    def run_cells(self, *cells: str) -> list[str]:
        """Run cells in a kernel of the environment; return the plain text that each shows."""
        path = self.write_notebook("cells.ipynb", cells)
        done = self.run("jupyter", "execute", "--inplace", "--allow-errors", path)
        assert done.returncode == 0, done.stderr[-2000:]
        return [
            "\n".join(
                output.get("text", "") + output.get("data", {}).get("text/plain", "")
                for output in cell.outputs
            )
            for cell in nbformat.read(path, as_version=4).cells
        ]
