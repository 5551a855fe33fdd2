"""Other engines that the same weights are run in, each in an environment of its own."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from jupyter_safecoder.models import gguf_writer

from .engine_worker import ROW_S, WorkerError


@dataclass(frozen=True)
class Baseline:
    """``folder`` is that of its environment, ``driver`` a module in the folder ``workers``."""

    folder: str
    driver: str

    def python(self, environments: Path) -> Path:
        """Return the interpreter that has this peer.

        Raises
        ------
        WorkerError
            If it is not installed.
        """
        place = "Scripts/python.exe" if os.name == "nt" else "bin/python"
        python = (environments / self.folder / place).absolute()
        if not python.exists():
            raise WorkerError(
                f"It is not installed in {environments / self.folder}; 'make peers' installs it."
            )
        return python


#: By the names that the rows of a report have.
BASELINES: Mapping[str, Baseline] = {
    "llama.cpp": Baseline("peers-llama", "llama_cpp_engine"),
    "vllm": Baseline("peers-vllm", "vllm_engine"),
}


def make_gguf(checkpoint: Path, path: Path, python: Path) -> None:
    """Write a checkpoint as a Q8_0 GGUF, with the ``gguf`` package of llama.cpp's environment.

    Raises
    ------
    WorkerError
        If it cannot be made.
    """
    script = gguf_writer.__file__
    command = [str(python), script, str(checkpoint), str(path)]
    try:
        subprocess.run(command, check=True, capture_output=True, text=True, timeout=ROW_S)  # noqa: S603
    except subprocess.CalledProcessError as error:
        path.unlink(missing_ok=True)
        reason = error.stderr.strip().rpartition("\n")[2]
        raise WorkerError(f"The checkpoint could not be made a GGUF ({reason}).") from error
    except subprocess.TimeoutExpired as error:
        path.unlink(missing_ok=True)
        raise WorkerError(f"Making a GGUF took more than {ROW_S:.0f} s.") from error
