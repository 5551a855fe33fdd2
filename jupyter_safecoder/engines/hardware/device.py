"""One thing that computes, and the two ways to ask a machine about it: files and tools."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Kind = Literal["cpu", "cuda", "rocm", "apple", "intel-gpu", "intel-npu", "gaudi", "neuron"]

#: A vendor's tool that takes longer than this many seconds does not answer.
_TOOL_S = 3.0

#: What the kernels call an instruction set, and what people do; the fastest for a model first.
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
    """Something that computes.

    Parameters
    ----------
    kind
        Which family of devices it is of.
    name
        For people, as the vendor or the kernel names it.
    memory
        Bytes: of a CPU what is available to this process now, of a device all that it has; ``None``
        if nothing tells.
    features
        Instruction sets of a CPU (keys of ``ISA_NAMES``), the architecture of a GPU (``sm_90``,
        ``gfx90a``).
    cores
        CPU cores that this process may use; 0 of a device.
    driver
        The kernel's driver, with its version where one is told.
    problem, remedy
        Why it cannot be used, and what to do; empty if nothing speaks against it.
    """

    kind: Kind
    name: str
    memory: int | None = None
    features: tuple[str, ...] = ()
    cores: int = 0
    driver: str = ""
    problem: str = ""
    remedy: str = ""

    @property
    def isa(self) -> str:
        """The best instruction set of a CPU, for people; empty if none is known."""
        return next((name for key, name in ISA_NAMES.items() if key in self.features), "")

    @property
    def detail(self) -> str:
        """What is known beside the name, for people."""
        return ", ".join(
            part
            for part in (
                cores(self.cores) if self.cores else "",
                self.isa or " ".join(self.features),
                f"{self.memory / 1e9:.1f} GB" if self.memory else "",
                f"driver {self.driver}" if self.driver else "",
                self.problem,
            )
            if part
        )


def cores(number: int) -> str:
    """Return "1 core" or "2 cores"."""
    return f"{number} core" + "s" * (number != 1)


def read(path: Path) -> str:
    """Return the text of one of the kernel's files, stripped; empty if it cannot be read."""
    try:
        return path.read_text("utf-8", "replace").strip()
    except OSError:
        return ""


def run_tool(root: Path, name: str, *arguments: str) -> str:
    """Return what a tool below ``root`` prints; empty if it is not there, fails or takes long."""
    places = os.environ.get("PATH", os.defpath).split(os.pathsep)
    rooted = os.pathsep.join(str(root / place.lstrip("/")) for place in places if place)
    tool = shutil.which(name, path=rooted)
    if tool is None:
        return ""
    try:
        done = subprocess.run(  # noqa: S603 - a fixed name, found on the administrator's path
            [tool, *arguments],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_TOOL_S,
            stdin=subprocess.DEVNULL,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout if done.returncode == 0 else ""


def number(text: str | None) -> int:
    """Return a whole number of a file or a tool; 0 where there is none."""
    return int(text) if text and text.strip().isdigit() else 0
