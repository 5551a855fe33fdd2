"""What this machine has that can compute: found in the kernel's files, without a heavy library.

Every probe fails soft: what cannot be read is not there, and what is there but cannot be used says
why in its ``problem``. ``root`` stands in for ``/``, so that a test can probe a tree of files.
"""

from __future__ import annotations

import logging
import os
import platform
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from .cpu import probe_cpu
from .device import Accelerator, number, read, run_tool

log = logging.getLogger("jupyter_safecoder.runtime")

_INTEL = "0x8086"
_HABANA = "0x1da3"


def probe(root: Path = Path("/"), system: str = "", machine: str = "") -> list[Accelerator]:
    """Return what this machine has, the CPU first.

    Takes milliseconds, save on a machine with an NVIDIA GPU, where ``nvidia-smi`` is asked.

    Parameters
    ----------
    root
        Where the kernel's files begin.
    system, machine
        As ``platform.system()`` and ``platform.machine()`` give them, which are taken where empty.
    """
    system = system or platform.system()
    machine = machine or platform.machine()
    cpu = probe_cpu(root, system, machine)
    found = [cpu, *_softly(_cuda, root)]
    if system == "Darwin" and machine == "arm64":
        found.append(Accelerator("apple", f"GPU of the {cpu.name}", memory=cpu.memory))
    if system == "Linux":
        for devices in (_rocm, _intel_gpus, _intel_npus, _gaudi, _neuron):
            found += _softly(devices, root)
    return found


def _softly(devices: Callable[[Path], Iterable[Accelerator]], root: Path) -> list[Accelerator]:
    try:
        return list(devices(root))
    except OSError as error:
        log.info("Not probed: %s (%s).", devices.__name__.strip("_"), error.strerror)
        return []


def _cuda(root: Path) -> list[Accelerator]:
    if os.environ.get("CUDA_VISIBLE_DEVICES", "0").strip() in ("", "-1"):
        return []
    query = "--query-gpu=name,memory.total,driver_version,compute_cap"
    rows = run_tool(root, "nvidia-smi", query, "--format=csv,noheader,nounits").splitlines()
    if told := [gpu for row in rows if (gpu := _of_nvidia_smi(row))]:
        return told
    cards = _below(root / "proc/driver/nvidia/gpus", "*/information")
    if not cards and (root / "dev/nvidia0").exists():
        return [Accelerator("cuda", "NVIDIA GPU")]
    # A container sees the cards of its host in /proc, and can use those whose device file it has.
    version = read(root / "sys/module/nvidia/version")
    return [_of_nvidia_file(root, read(card), version) for card in cards]


def _of_nvidia_smi(row: str) -> Accelerator | None:
    fields = [field.strip() for field in row.split(",")]
    if len(fields) != 4:
        return None
    name, mebibytes, driver, capability = fields
    # Boards that share the machine's memory answer "[N/A]".
    memory = number(mebibytes) * 2**20 or None
    major, _, minor = capability.partition(".")
    features = (f"sm_{major}{minor}",) if (major + minor).isdigit() else ()
    return Accelerator("cuda", name, memory, features, driver=driver)


def _of_nvidia_file(root: Path, text: str, driver: str) -> Accelerator:
    facts = {key.strip(): value.strip() for key, _, value in _pairs(text, ":")}
    device = f"dev/nvidia{facts.get('Device Minor', '0')}"
    card = Accelerator("cuda", facts.get("Model", "NVIDIA GPU"), driver=driver)
    if (root / device).exists():
        return card
    return replace(
        card, problem=f"its device file /{device} is not", remedy="give the container its GPUs"
    )


def _rocm(root: Path) -> Iterator[Accelerator]:
    kfd = root / "dev/kfd"
    if not kfd.exists():
        return
    for node in _below(root / "sys/class/kfd/kfd/topology/nodes", "*"):
        facts = {key: value for key, _, value in _pairs(read(node / "properties"), " ")}
        if number(facts.get("simd_count")) == 0:
            continue  # a CPU is a node too
        # 90010 stands for gfx90a: the last two of major, minor and stepping are hexadecimal digits.
        version = number(facts.get("gfx_target_version"))
        major, minor, stepping = version // 10000, version // 100 % 100, version % 100
        banks = [
            {key: value for key, _, value in _pairs(read(bank), " ")}
            for bank in _below(node / "mem_banks", "*/properties")
        ]
        # Heaps 1 and 2 are the device's own memory, seen by the host or not.
        own = sum(number(b.get("size_in_bytes")) for b in banks if b.get("heap_type") in ("1", "2"))
        name = f"AMD GPU {read(node / 'name')}".strip()
        gpu = Accelerator("rocm", name, own or None, (f"gfx{major}{minor:x}{stepping:x}",))
        yield _if_open(gpu, kfd)


def _intel_gpus(root: Path) -> Iterator[Accelerator]:
    for device in _below(root / "sys/class/drm", "renderD*/device"):
        # PCI class 0x03: a display.
        if read(device / "vendor") == _INTEL and read(device / "class").startswith("0x03"):
            name = f"Intel GPU {read(device / 'device')}".strip()
            gpu = Accelerator("intel-gpu", name, driver=_driver(device))
            yield _if_open(gpu, root / "dev/dri" / device.parent.name)


def _intel_npus(root: Path) -> Iterator[Accelerator]:
    for device in _below(root / "sys/class/accel", "accel*/device"):
        if read(device / "vendor") == _INTEL and _driver(device) == "intel_vpu":
            name = f"Intel NPU {read(device / 'device')}".strip()
            npu = Accelerator("intel-npu", name, driver="intel_vpu")
            yield _if_open(npu, root / "dev/accel" / device.parent.name)


def _gaudi(root: Path) -> Iterator[Accelerator]:
    places = [
        *_below(root / "sys/class/accel", "accel*/device"),
        *_below(root / "sys/class/habanalabs", "hl*/device"),  # kernels before 6.2
    ]
    for device in places:
        if read(device / "vendor") == _HABANA:
            type_ = read(device / "device_type") or read(device.parent / "device_type")
            yield Accelerator("gaudi", f"Intel {type_ or 'Gaudi'}", driver=_driver(device))


def _neuron(root: Path) -> Iterator[Accelerator]:
    for device in _below(root / "dev", "neuron[0-9]*"):
        information = root / "sys/devices/virtual/neuron_device" / device.name / "info"
        kind = read(information / "architecture/instance_type")
        yield Accelerator("neuron", f"AWS Neuron {kind}".strip())


def _if_open(accelerator: Accelerator, node: Path) -> Accelerator:
    """Return it with a problem if this user may not open its device file."""
    if os.access(node, os.R_OK | os.W_OK):
        return accelerator
    return replace(
        accelerator,
        problem=f"its device file {node.name} cannot be opened",
        remedy="add this user to the group render",
    )


def _driver(device: Path) -> str:
    try:
        return Path(os.readlink(device / "driver")).name
    except OSError:
        return ""


def _below(directory: Path, pattern: str) -> list[Path]:
    return sorted(directory.glob(pattern))


def _pairs(text: str, separator: str) -> Iterator[tuple[str, str, str]]:
    return (line.partition(separator) for line in text.splitlines())
