"""Finds the accelerators of this machine in the kernel's files, without importing heavy libraries.

No probe fails: a device whose files cannot be read is left out, and one that is there but cannot be
used has a ``blocker``. ``root`` is used as ``/``, so that a test can probe a tree of files.
"""

from __future__ import annotations

import logging
import os
import platform
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from .cpu import probe_cpu
from .device import Accelerator, parse_int, read_file, run_tool

log = logging.getLogger("jupyter_safecoder.runtime")

#: PCI vendor ids.
_INTEL = "0x8086"
_HABANA = "0x1da3"


def probe(root: Path = Path("/"), system: str = "", machine: str = "") -> list[Accelerator]:
    """Return the accelerators of this machine, the CPU first.

    It takes milliseconds, except on a machine with an NVIDIA GPU, where ``nvidia-smi`` is run.

    Parameters
    ----------
    root
        Directory of the kernel's files.
    system, machine
        As ``platform.system()`` and ``platform.machine()`` return them, which is the default.
    """
    system = system or platform.system()
    machine = machine or platform.machine()
    cpu = probe_cpu(root, system, machine)
    found = [cpu, *_try_probe(_cuda, root)]
    if system == "Darwin" and machine == "arm64":
        found.append(Accelerator("apple", f"GPU of the {cpu.name}", memory=cpu.memory))
    if system == "Linux":
        for probe_kind in (_rocm, _intel_gpus, _intel_npus, _gaudi, _neuron):
            found += _try_probe(probe_kind, root)
    return found


def _try_probe(
    probe_kind: Callable[[Path], Iterable[Accelerator]], root: Path
) -> list[Accelerator]:
    try:
        return list(probe_kind(root))
    except OSError as error:
        kind = probe_kind.__name__.strip("_")
        log.info("Accelerators of the kind %s were not probed: %s.", kind, error.strerror)
        return []


def _cuda(root: Path) -> list[Accelerator]:
    if os.environ.get("CUDA_VISIBLE_DEVICES", "0").strip() in ("", "-1"):
        return []
    query = "--query-gpu=name,memory.total,driver_version,compute_cap"
    rows = run_tool(root, "nvidia-smi", query, "--format=csv,noheader,nounits").splitlines()
    if gpus := [gpu for row in rows if (gpu := _parse_nvidia_smi(row))]:
        return gpus
    cards = _sorted_glob(root / "proc/driver/nvidia/gpus", "*/information")
    if not cards and (root / "dev/nvidia0").exists():
        return [Accelerator("cuda", "NVIDIA GPU")]
    # A container sees the cards of its host in /proc, and can use those whose device file it has.
    version = read_file(root / "sys/module/nvidia/version")
    return [_parse_nvidia_file(root, read_file(card), version) for card in cards]


def _parse_nvidia_smi(row: str) -> Accelerator | None:
    fields = [field.strip() for field in row.split(",")]
    if len(fields) != 4:
        return None
    name, mebibytes, driver, capability = fields
    # For GPUs that share the machine's memory it is "[N/A]".
    memory = parse_int(mebibytes) * 2**20 or None
    major, _, minor = capability.partition(".")
    features = (f"sm_{major}{minor}",) if (major + minor).isdigit() else ()
    return Accelerator("cuda", name, memory, features, driver=driver)


def _parse_nvidia_file(root: Path, text: str, driver: str) -> Accelerator:
    fields = {key.strip(): value.strip() for key, _, value in _split_lines(text, ":")}
    device = f"dev/nvidia{fields.get('Device Minor', '0')}"
    card = Accelerator("cuda", fields.get("Model", "NVIDIA GPU"), driver=driver)
    if (root / device).exists():
        return card
    return replace(
        card,
        blocker=f"its device file /{device} is missing",
        remedy="give the container access to the GPU",
    )


def _rocm(root: Path) -> Iterator[Accelerator]:
    kfd = root / "dev/kfd"
    if not kfd.exists():
        return
    for node in _sorted_glob(root / "sys/class/kfd/kfd/topology/nodes", "*"):
        text = read_file(node / "properties")
        fields = {key: value for key, _, value in _split_lines(text, " ")}
        if parse_int(fields.get("simd_count")) == 0:
            continue  # a CPU is a node too
        # 90010 means gfx90a: minor and stepping are written as hexadecimal digits.
        version = parse_int(fields.get("gfx_target_version"))
        major, minor, stepping = version // 10000, version // 100 % 100, version % 100
        banks = [
            {key: value for key, _, value in _split_lines(read_file(bank), " ")}
            for bank in _sorted_glob(node / "mem_banks", "*/properties")
        ]
        # Heaps 1 and 2 are the device's own memory, visible to the host or not.
        memory = sum(
            parse_int(bank.get("size_in_bytes"))
            for bank in banks
            if bank.get("heap_type") in ("1", "2")
        )
        name = f"AMD GPU {read_file(node / 'name')}".strip()
        gpu = Accelerator("rocm", name, memory or None, (f"gfx{major}{minor:x}{stepping:x}",))
        yield _check_access(gpu, kfd)


def _intel_gpus(root: Path) -> Iterator[Accelerator]:
    for device in _sorted_glob(root / "sys/class/drm", "renderD*/device"):
        is_display = read_file(device / "class").startswith("0x03")  # the PCI class
        if read_file(device / "vendor") == _INTEL and is_display:
            name = f"Intel GPU {read_file(device / 'device')}".strip()
            gpu = Accelerator("intel-gpu", name, driver=_driver(device))
            yield _check_access(gpu, root / "dev/dri" / device.parent.name)


def _intel_npus(root: Path) -> Iterator[Accelerator]:
    for device in _sorted_glob(root / "sys/class/accel", "accel*/device"):
        if read_file(device / "vendor") == _INTEL and _driver(device) == "intel_vpu":
            name = f"Intel NPU {read_file(device / 'device')}".strip()
            npu = Accelerator("intel-npu", name, driver="intel_vpu")
            yield _check_access(npu, root / "dev/accel" / device.parent.name)


def _gaudi(root: Path) -> Iterator[Accelerator]:
    devices = [
        *_sorted_glob(root / "sys/class/accel", "accel*/device"),
        *_sorted_glob(root / "sys/class/habanalabs", "hl*/device"),  # kernels before 6.2
    ]
    for device in devices:
        if read_file(device / "vendor") == _HABANA:
            device_type = read_file(device / "device_type") or read_file(
                device.parent / "device_type"
            )
            yield Accelerator("gaudi", f"Intel {device_type or 'Gaudi'}", driver=_driver(device))


def _neuron(root: Path) -> Iterator[Accelerator]:
    for device in _sorted_glob(root / "dev", "neuron[0-9]*"):
        information = root / "sys/devices/virtual/neuron_device" / device.name / "info"
        instance_type = read_file(information / "architecture/instance_type")
        yield Accelerator("neuron", f"AWS Neuron {instance_type}".strip())


def _check_access(accelerator: Accelerator, node: Path) -> Accelerator:
    """Return the accelerator, blocked if this user may not open its device file."""
    if os.access(node, os.R_OK | os.W_OK):
        return accelerator
    return replace(
        accelerator,
        blocker=f"its device file {node.name} cannot be opened",
        remedy="add this user to the group render",
    )


def _driver(device: Path) -> str:
    try:
        return Path(os.readlink(device / "driver")).name
    except OSError:
        return ""


def _sorted_glob(directory: Path, pattern: str) -> list[Path]:
    return sorted(directory.glob(pattern))


def _split_lines(text: str, separator: str) -> Iterator[tuple[str, str, str]]:
    return (line.partition(separator) for line in text.splitlines())
