"""Probes the CPU: instruction sets, and the cores and memory that this process may use."""

from __future__ import annotations

import os
from pathlib import Path, PurePosixPath

from .device import ISA_NAMES, Accelerator, parse_int, read_file, run_tool

#: Name of NEON in ``/proc/cpuinfo`` on 64-bit Arm.
_NEON = "asimd"
#: macOS's names of instruction sets to keys of ``ISA_NAMES``.
_SYSCTL = {
    "hw.optional.arm.FEAT_I8MM": "i8mm",
    "hw.optional.neon": "neon",
    "hw.optional.avx2_0": "avx2",
    "hw.optional.avx512f": "avx512f",
}


def probe_cpu(root: Path, system: str, machine: str) -> Accelerator:
    """Return the CPU; what cannot be found out is left out.

    Parameters
    ----------
    root
        Directory of the kernel's files, usually ``/``.
    system, machine
        As ``platform.system()`` and ``platform.machine()`` return them.
    """
    if system == "Darwin":
        return _probe_macos(root, machine)
    name, features = _read_cpuinfo(root)
    return Accelerator(
        "cpu",
        name or machine or "CPU",
        available_bytes(root),
        features,
        cores=_usable_cores(root),
    )


def _read_cpuinfo(root: Path) -> tuple[str, tuple[str, ...]]:
    """Return the model name and the instruction sets."""
    fields: dict[str, str] = {}
    try:
        with (root / "proc/cpuinfo").open(encoding="utf-8", errors="replace") as lines:
            for line in lines:
                key, _, value = line.partition(":")
                if not key.strip() and fields:
                    break  # the other cores are like the first
                fields[key.strip()] = value.strip()
    except OSError:
        return "", ()
    flags = set((fields.get("flags") or fields.get("Features") or "").split())
    if _NEON in flags:
        flags.add("neon")
    return fields.get("model name", ""), tuple(isa for isa in ISA_NAMES if isa in flags)


def granted_threads(root: Path = Path("/")) -> int | None:
    """Return how many threads compute best where a control group grants less than all cores.

    Libraries of engines count the cores that they may run on, which a quota of time does not limit:
    with two cores of 64 granted, 64 threads would wait for each other.

    Parameters
    ----------
    root
        Directory of the kernel's files.

    Returns
    -------
    int or None
        The whole cores that are granted, at least 1; ``None``: all that are allowed.
    """
    quotas = _cpu_quotas(root)
    granted = max(1, int(min(quotas))) if quotas else None
    return granted if granted is not None and granted < _allowed_cores(root) else None


def _usable_cores(root: Path) -> int:
    # A container may see all cores but be granted the time of two.
    return granted_threads(root) or _allowed_cores(root)


def _allowed_cores(root: Path) -> int:
    """Return the number of cores of the affinity, which a cpuset limits too."""
    lines = read_file(root / "proc/self/status").splitlines()
    allowed_list = next((x.split(":")[1] for x in lines if x.startswith("Cpus_allowed_list:")), "")
    return _count_ranges(allowed_list.strip()) or os.cpu_count() or 1


def _count_ranges(text: str) -> int:
    """Return how many numbers a list like ``0-3,8`` contains."""
    ranges = [part.partition("-") for part in text.split(",") if part[:1].isdigit()]
    return sum(parse_int(last or first) - parse_int(first) + 1 for first, _, last in ranges)


def _cpu_quotas(root: Path) -> list[float]:
    """Return the limits of this control group and those above it, in cores."""
    quotas = []
    for directory in control_groups(root, "cpu"):
        text = read_file(directory / "cpu.max") or (
            f"{read_file(directory / 'cpu.cfs_quota_us')} "
            f"{read_file(directory / 'cpu.cfs_period_us')}"
        )
        quota, _, period = text.partition(" ")
        if parse_int(quota) and parse_int(period):
            quotas.append(parse_int(quota) / parse_int(period))
    return quotas


def available_bytes(root: Path = Path("/")) -> int | None:
    """Return the memory that this process can still allocate; ``None`` if unknown.

    Parameters
    ----------
    root
        Directory of the kernel's files.
    """
    lines = read_file(root / "proc/meminfo").splitlines()
    sizes = [parse_int(x.split()[1]) for x in lines if x.startswith("MemAvailable:")]
    available = [size * 1024 for size in sizes if size]
    for directory in control_groups(root, "memory"):
        limit = read_file(directory / "memory.max") or read_file(
            directory / "memory.limit_in_bytes"
        )
        used = read_file(directory / "memory.current") or read_file(
            directory / "memory.usage_in_bytes"
        )
        if limit.isdigit() and used.isdigit():
            # The page cache of unused files counts as used, but is freed when memory is needed.
            lines = read_file(directory / "memory.stat").splitlines()
            counts = {key: value for key, _, value in (line.partition(" ") for line in lines)}
            idle = counts.get("total_inactive_file") or counts.get("inactive_file")
            available.append(max(0, parse_int(limit) - parse_int(used) + parse_int(idle)))
    return min(available, default=None)


def control_groups(root: Path, controller: str) -> list[Path]:
    """Return the directories of this process's control groups (v1 and v2), innermost first."""
    found = []
    for line in read_file(root / "proc/self/cgroup").splitlines():
        controllers, _, path = line.partition(":")[2].partition(":")
        if controllers and controller not in controllers.split(","):
            continue
        mount = root / "sys/fs/cgroup" / (controller if controllers else "")
        # In a namespace the path may lead out of what is mounted here.
        innermost = PurePosixPath("" if ".." in path else path.lstrip("/"))
        found += [mount / group for group in (innermost, *innermost.parents)]
    return found


def _probe_macos(root: Path, machine: str) -> Accelerator:
    names = ("machdep.cpu.brand_string", "hw.memsize", "hw.logicalcpu", *_SYSCTL)
    lines = run_tool(root, "sysctl", "-i", *names).splitlines()
    fields = {key: value.strip() for key, _, value in (line.partition(":") for line in lines)}
    features = {isa for name, isa in _SYSCTL.items() if fields.get(name) == "1"}
    return Accelerator(
        "cpu",
        fields.get("machdep.cpu.brand_string", machine),
        parse_int(fields.get("hw.memsize")) or None,
        tuple(isa for isa in ISA_NAMES if isa in features),
        cores=parse_int(fields.get("hw.logicalcpu")) or os.cpu_count() or 1,
    )
