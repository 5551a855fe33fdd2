"""The CPU as an engine sees it: instruction sets, and the cores and memory that it may use."""

from __future__ import annotations

import os
from pathlib import Path, PurePosixPath

from .device import ISA_NAMES, Accelerator, number, read, run_tool

#: Arm's word for NEON in ``/proc/cpuinfo``.
_NEON = "asimd"
#: macOS's names of what ``ISA_NAMES`` lists.
_SYSCTL = {
    "hw.optional.arm.FEAT_I8MM": "i8mm",
    "hw.optional.neon": "neon",
    "hw.optional.avx2_0": "avx2",
    "hw.optional.avx512f": "avx512f",
}


def probe_cpu(root: Path, system: str, machine: str) -> Accelerator:
    """Return the CPU; what cannot be found out is left out."""
    if system == "Darwin":
        return _of_macos(root, machine)
    name, features = _cpuinfo(root)
    return Accelerator(
        "cpu",
        name or machine or "CPU",
        available_bytes(root),
        features,
        cores=_usable_cores(root),
    )


def _cpuinfo(root: Path) -> tuple[str, tuple[str, ...]]:
    facts: dict[str, str] = {}
    try:
        with (root / "proc/cpuinfo").open(encoding="utf-8", errors="replace") as lines:
            for line in lines:
                key, _, value = line.partition(":")
                if not key.strip() and facts:
                    break  # the other cores are as the first
                facts[key.strip()] = value.strip()
    except OSError:
        return "", ()
    flags = set((facts.get("flags") or facts.get("Features") or "").split())
    if _NEON in flags:
        flags.add("neon")
    return facts.get("model name", ""), tuple(isa for isa in ISA_NAMES if isa in flags)


def _usable_cores(root: Path) -> int:
    status = read(root / "proc/self/status").splitlines()
    listed = next((x.split(":")[1] for x in status if x.startswith("Cpus_allowed_list:")), "")
    allowed = _length_of_ranges(listed.strip()) or os.cpu_count() or 1
    # A container may see all cores and be granted the time of two.
    return min([allowed, *(max(1, int(quota)) for quota in _cpu_quotas(root))])


def _length_of_ranges(text: str) -> int:
    """Return how many numbers a list like ``0-3,8`` holds."""
    ranges = [part.partition("-") for part in text.split(",") if part[:1].isdigit()]
    return sum(number(last or first) - number(first) + 1 for first, _, last in ranges)


def _cpu_quotas(root: Path) -> list[float]:
    """Return the limits of this control group and those above it, in cores."""
    quotas = []
    for directory in _control_groups(root, "cpu"):
        text = read(directory / "cpu.max") or (
            f"{read(directory / 'cpu.cfs_quota_us')} {read(directory / 'cpu.cfs_period_us')}"
        )
        limit, _, period = text.partition(" ")
        if number(limit) and number(period):
            quotas.append(number(limit) / number(period))
    return quotas


def available_bytes(root: Path = Path("/")) -> int | None:
    """Return the memory that this process may still take; None if it cannot be known."""
    lines = read(root / "proc/meminfo").splitlines()
    sizes = [number(x.split()[1]) for x in lines if x.startswith("MemAvailable:")]
    free = [size * 1024 for size in sizes if size]
    for directory in _control_groups(root, "memory"):
        limit = read(directory / "memory.max") or read(directory / "memory.limit_in_bytes")
        used = read(directory / "memory.current") or read(directory / "memory.usage_in_bytes")
        if limit.isdigit() and used.isdigit():
            # Pages of files that nobody uses are given back when they are needed.
            lines = read(directory / "memory.stat").splitlines()
            counts = {key: value for key, _, value in (line.partition(" ") for line in lines)}
            idle = counts.get("total_inactive_file") or counts.get("inactive_file")
            free.append(max(0, number(limit) - number(used) + number(idle)))
    return min(free, default=None)


def _control_groups(root: Path, controller: str) -> list[Path]:
    """Return the directories that bound this process, in version 1 and 2, its own ones first."""
    found = []
    for line in read(root / "proc/self/cgroup").splitlines():
        controllers, _, path = line.partition(":")[2].partition(":")
        if controllers and controller not in controllers.split(","):
            continue
        mount = root / "sys/fs/cgroup" / (controller if controllers else "")
        # Inside a namespace the path may lead out of what is mounted here.
        own = PurePosixPath("" if ".." in path else path.lstrip("/"))
        found += [mount / group for group in (own, *own.parents)]
    return found


def _of_macos(root: Path, machine: str) -> Accelerator:
    names = ("machdep.cpu.brand_string", "hw.memsize", "hw.logicalcpu", *_SYSCTL)
    lines = run_tool(root, "sysctl", "-i", *names).splitlines()
    facts = {key: value.strip() for key, _, value in (line.partition(":") for line in lines)}
    features = {isa for name, isa in _SYSCTL.items() if facts.get(name) == "1"}
    return Accelerator(
        "cpu",
        facts.get("machdep.cpu.brand_string", machine),
        number(facts.get("hw.memsize")) or None,
        tuple(isa for isa in ISA_NAMES if isa in features),
        cores=number(facts.get("hw.logicalcpu")) or os.cpu_count() or 1,
    )
