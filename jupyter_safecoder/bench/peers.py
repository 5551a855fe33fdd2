"""Other engines that the same weights are run in, each in an environment of its own."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from .driving import ROW_S, DriverProblem


@dataclass(frozen=True)
class Peer:
    """``folder`` is that of its environment, ``driver`` a module in the folder ``drivers``."""

    folder: str
    driver: str

    def python(self, environments: Path) -> Path:
        """Return the interpreter that has this peer.

        Raises
        ------
        DriverProblem
            If it is not installed.
        """
        place = "Scripts/python.exe" if os.name == "nt" else "bin/python"
        python = (environments / self.folder / place).absolute()
        if not python.exists():
            raise DriverProblem(
                f"It is not installed in {environments / self.folder}; 'make peers' installs it."
            )
        return python


#: By the names that the rows of a report have.
PEERS: Mapping[str, Peer] = {
    "llama.cpp": Peer("peers-llama", "llama_cpp_engine"),
    "vllm": Peer("peers-vllm", "vllm_engine"),
}


def make_gguf(checkpoint: Path, path: Path, python: Path) -> None:
    """Write a checkpoint as a Q8_0 GGUF, with the ``gguf`` package of llama.cpp's environment.

    Raises
    ------
    DriverProblem
        If it cannot be made.
    """
    script = Path(__file__).parent / "drivers" / "gguf_file.py"
    command = [str(python), str(script), str(checkpoint), str(path)]
    try:
        subprocess.run(command, check=True, capture_output=True, text=True, timeout=ROW_S)  # noqa: S603
    except subprocess.CalledProcessError as error:
        path.unlink(missing_ok=True)
        reason = error.stderr.strip().rpartition("\n")[2]
        raise DriverProblem(f"The checkpoint could not be made a GGUF ({reason}).") from error
    except subprocess.TimeoutExpired as error:
        path.unlink(missing_ok=True)
        raise DriverProblem(f"Making a GGUF took more than {ROW_S:.0f} s.") from error
