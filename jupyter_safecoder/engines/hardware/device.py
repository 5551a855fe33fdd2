"""Describes an accelerator, and reads the kernel's files and the output of vendors' tools."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from jupyter_safecoder.models import format_gb

Kind = Literal["cpu", "cuda", "rocm", "apple", "intel-gpu", "intel-npu", "gaudi", "neuron"]

#: A vendor's tool is stopped after this many seconds.
_TOOL_TIMEOUT_S = 3.0

#: Linux's names of instruction sets and the usual ones; the fastest for a model first.
ISA_NAMES = {
    "amx_int8": "AMX int8",
    "amx_bf16": "AMX bf16",
    "avx512_vnni": "AVX-512 VNNI",
    "avx_vnni": "AVX-VNNI",
    "avx512f": "AVX-512",
    "avx2": "AVX2",
    "i8mm": "NEON i8mm",
    "sve": "SVE",
    "neon": "NEON",
}


@dataclass(frozen=True)
class Accelerator:
    """A device that can compute, the CPU included.

    Parameters
    ----------
    kind
        Family of devices that it belongs to.
    name
        Name to show, as the vendor or the kernel gives it.
    memory
        Bytes: for a CPU what this process can still allocate, for other devices all that they have;
        ``None`` if unknown.
    features
        Instruction sets of a CPU (keys of ``ISA_NAMES``), the architecture of a GPU (``sm_90``,
        ``gfx90a``).
    cores
        CPU cores that this process may use; 0 for other devices.
    driver
        The kernel's driver, with its version if known.
    blocker, remedy
        Why it cannot be used, and what to do about that; empty if it can.
    """

    kind: Kind
    name: str
    memory: int | None = None
    features: tuple[str, ...] = ()
    cores: int = 0
    driver: str = ""
    blocker: str = ""
    remedy: str = ""

    @property
    def instruction_set(self) -> str:
        """Name of the CPU's best instruction set; empty if none is known."""
        return next((name for key, name in ISA_NAMES.items() if key in self.features), "")

    @property
    def detail(self) -> str:
        """What is known besides the name, for messages."""
        return ", ".join(
            part
            for part in (
                count_cores(self.cores) if self.cores else "",
                self.instruction_set or " ".join(self.features),
                format_gb(self.memory) if self.memory else "",
                f"driver {self.driver}" if self.driver else "",
                self.blocker,
            )
            if part
        )


def count_cores(number: int) -> str:
    """Return "1 core" or "2 cores"."""
    return f"{number} core" + "s" * (number != 1)


def read_file(path: Path) -> str:
    """Return the stripped text of one of the kernel's files; empty if it cannot be read."""
    try:
        return path.read_text("utf-8", "replace").strip()
    except OSError:
        return ""


def run_tool(root: Path, name: str, *arguments: str) -> str:
    """Run a vendor's tool and return what it prints.

    Parameters
    ----------
    root
        Used as ``/``: directories of ``PATH`` are searched below it.
    name
        Name of the tool.
    arguments
        Its arguments.

    Returns
    -------
    str
        Its standard output; empty if it is not installed, fails or takes too long.
    """
    directories = os.environ.get("PATH", os.defpath).split(os.pathsep)
    path = os.pathsep.join(str(root / entry.lstrip("/")) for entry in directories if entry)
    tool = shutil.which(name, path=path)
    if tool is None:
        return ""
    try:
        done = subprocess.run(  # noqa: S603 - a fixed name, found on the administrator's path
            [tool, *arguments],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_TOOL_TIMEOUT_S,
            stdin=subprocess.DEVNULL,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout if done.returncode == 0 else ""


def parse_int(text: str | None) -> int:
    """Return a number from a file or a tool; 0 where there is none."""
    return int(text) if text and text.strip().isdigit() else 0
