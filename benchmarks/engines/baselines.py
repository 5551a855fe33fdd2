"""Engines to compare with, each in an environment of its own, and the files that they need."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from .engine_worker import TIMEOUT_S, WorkerError

_WRITE_GGUF = """
import sys
from pathlib import Path
from jupyter_safecoder.models.gguf.writer import write_gguf
write_gguf(Path(sys.argv[1]), Path(sys.argv[2]))
"""


@dataclass(frozen=True)
class Baseline:
    """An engine to compare with.

    Parameters
    ----------
    folder
        Name of its environment's folder.
    worker
        Module in the folder ``workers`` that runs it.
    """

    folder: str
    worker: str

    def python(self, environments: Path) -> Path:
        """Return the Python interpreter of its environment.

        Parameters
        ----------
        environments
            Directory of all environments.

        Raises
        ------
        WorkerError
            If the environment does not exist.
        """
        program = "Scripts/python.exe" if os.name == "nt" else "bin/python"
        python = (environments / self.folder / program).absolute()
        if not python.exists():
            raise WorkerError(
                f"It is not installed in {environments / self.folder}; 'make peers' installs it."
            )
        return python


#: By the names that they have in the rows of a report.
BASELINES: Mapping[str, Baseline] = {
    "llama.cpp": Baseline("peers-llama", "llama_cpp_engine"),
    "vllm": Baseline("peers-vllm", "vllm_engine"),
}


def make_gguf(checkpoint: Path, path: Path) -> None:
    """Write a checkpoint as a Q8_0 GGUF file, in a child process so that its memory is freed.

    Parameters
    ----------
    checkpoint
        Directory of the checkpoint.
    path
        The file to write.

    Raises
    ------
    WorkerError
        If that fails.
    """
    command = [sys.executable, "-c", _WRITE_GGUF, str(checkpoint), str(path)]
    try:
        subprocess.run(command, check=True, capture_output=True, text=True, timeout=TIMEOUT_S)  # noqa: S603
    except subprocess.CalledProcessError as error:
        path.unlink(missing_ok=True)
        reason = error.stderr.strip().rpartition("\n")[2]
        raise WorkerError(f"The checkpoint could not be converted to GGUF ({reason}).") from error
    except subprocess.TimeoutExpired as error:
        path.unlink(missing_ok=True)
        raise WorkerError(f"Converting to GGUF took more than {TIMEOUT_S:.0f} s.") from error
