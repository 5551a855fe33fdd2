"""The ways in which a machine can run a model, the fastest first: the table behind the choice."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from jupyter_safecoder.engines.hardware.device import Accelerator, cores
from jupyter_safecoder.extras import INSTALL_CHECKPOINTS, INSTALL_LOCAL, INSTALL_ONNXRUNTIME
from jupyter_safecoder.models import ModelDescription

#: The engines that compute on this machine: what people call them.
LOCAL = {
    "openvino": "OpenVINO",
    "transformers": "PyTorch",
    "onnxruntime": "ONNX Runtime",
    "habana": "Optimum Habana",
    "neuron": "Optimum Neuron",
}

#: What each needs, and the command that installs it.
_PACKAGES = {
    "openvino": (("openvino-genai",), INSTALL_LOCAL),
    "transformers": (("torch", "transformers"), INSTALL_CHECKPOINTS),
    "onnxruntime": (("onnxruntime", "optimum-onnx"), INSTALL_ONNXRUNTIME),
    "habana": (("optimum-habana",), "pip install optimum-habana"),
    "neuron": (("optimum-neuron",), "pip install 'optimum-neuron[neuronx]'"),
}

#: The quickest first.
_ORDER = ("cuda", "gaudi", "rocm", "neuron", "apple", "intel-gpu", "intel-npu", "cpu")

#: Bytes a weight takes; of int8 and int4 with their scales, embeddings of int4 being int8.
WEIGHT_BYTES = {"fp32": 4.0, "bf16": 2.0, "fp16": 2.0, "int8": 1.05, "int4": 0.65}
#: Bytes for the libraries and the KV cache beside the weights.
_BESIDE = 10**9

#: ``model_type`` of what Optimum Neuron compiles for inference (its 0.4).
_NEURON_ARCHITECTURES = ("granite", "llama", "mixtral", "phi3", "qwen2", "qwen3")


@dataclass(frozen=True)
class EngineCandidate:
    """An engine on a device.

    ``precisions`` is what it can, the best first, ``("",)``: what the file holds; ``least`` is
    taken instead where memory is short, with ``last_resort`` even if it is too short for that.
    ``subject`` and ``reason`` begin and end the sentence that says why. ``obstacle`` says what
    stands in the way, ``remedy`` what to do about it.
    """

    engine: str
    device: str
    precisions: tuple[str, ...]
    hardware: str
    subject: str
    reason: str
    memory: int | None = None
    least: str = ""
    last_resort: bool = False
    only_if_asked: bool = False
    obstacle: str = ""
    remedy: str = ""

    @property
    def label(self) -> str:
        """The engine's name for people."""
        return LOCAL[self.engine]


def need_bytes(parameters: int, precision: str) -> int:
    """Estimate the memory for a model with this many parameters, its cache included."""
    return int(parameters * WEIGHT_BYTES[precision]) + _BESIDE


def ways(
    model: ModelDescription,
    accelerators: Sequence[Accelerator],
    installed: Mapping[str, str],
    openvino_devices: Collection[str],
) -> Iterator[EngineCandidate]:
    """Yield the ways, the fastest first, those with an obstacle too.

    ``accelerators``, ``installed`` and ``openvino_devices`` are as in ``Machine``.
    """
    first = {a.kind: a for a in reversed(accelerators)}
    for a in (first[kind] for kind in _ORDER if kind in first):
        for way in _on_cpu(a, model) if a.kind == "cpu" else [_on_device(a)]:
            obstacle, remedy = _obstacle(way, a, model, installed, openvino_devices)
            yield replace(way, obstacle=obstacle, remedy=remedy)


def _on_cpu(cpu: Accelerator, model: ModelDescription) -> Iterator[EngineCandidate]:
    count = cores(cpu.cores)
    hardware = f"CPU ({count}, {cpu.isa})" if cpu.isa else f"CPU ({count})"
    subject = count.replace(" ", " CPU ") + (f" with {cpu.isa}" if cpu.isa else "")
    any_way = EngineCandidate("", "cpu", (), hardware, subject, "", cpu.memory)
    openvino = replace(any_way, engine="openvino", device="CPU")
    if model.format == "gguf":
        reason = "OpenVINO takes the weights as they lie in the GGUF"
        yield replace(openvino, precisions=("",), reason=reason)
        return
    yield replace(
        openvino,
        precisions=("int8", "int4", "fp16", "fp32"),
        least="int4",
        last_resort=True,
        reason="the fastest measured on CPUs",
    )
    yield replace(
        any_way, engine="onnxruntime", precisions=("int8", "fp32"), reason="the next best on CPUs"
    )
    yield replace(
        any_way, engine="transformers", precisions=("fp32", "bf16"), reason="slow, but exact"
    )


def _on_device(a: Accelerator) -> EngineCandidate:
    def way(engine: str, device: str, precisions: tuple[str, ...], reason: str) -> EngineCandidate:
        return EngineCandidate(engine, device, precisions, a.name, a.name, reason, a.memory)

    floats = ("bf16", "fp16", "fp32")
    match a.kind:
        case "cuda":
            # Cards before Ampere emulate bf16; a card that does not tell is taken for newer.
            old = any(f.startswith("sm_") and int(f[3:]) < 80 for f in a.features)
            if old:
                return way("transformers", "cuda", floats[1:], "the card computes no bf16")
            return way("transformers", "cuda", floats, "which computes on NVIDIA cards")
        case "rocm":
            return way("transformers", "cuda", floats, "which computes on AMD cards")
        case "apple":
            return way("transformers", "mps", ("fp16", "fp32"), "which computes on this GPU")
        case "gaudi":
            return way("habana", "hpu", ("bf16", "fp32"), "which computes on Gaudi")
        case "neuron":
            return way("neuron", "neuron", ("bf16", "fp16"), "which computes on Neuron")
        case "intel-npu":
            npu = way("openvino", "NPU", ("int4", "int8"), "which computes on Intel NPUs")
            return replace(npu, only_if_asked=True)
        case _:
            gpu = way("openvino", "GPU", ("int8", "int4", "fp16"), "which computes on Intel GPUs")
            return replace(gpu, least="int4")


def _obstacle(
    way: EngineCandidate,
    a: Accelerator,
    model: ModelDescription,
    installed: Mapping[str, str],
    openvino_devices: Collection[str],
) -> tuple[str, str]:
    """Return what stands in the way and what to do about it; both empty if nothing does."""
    here = f"{a.name} is here, but " if a.kind != "cpu" else ""
    if a.problem:
        return here + a.problem, a.remedy
    if model.format == "gguf" and a.kind != "cpu":
        return f"{here}a GGUF is computed on the CPU", "name a checkpoint to use it"
    packages, command = _PACKAGES[way.engine]
    run = f"run: {command}"
    missing = next((package for package in packages if package not in installed), "")
    if missing == "openvino-genai":
        return f"{here}OpenVINO GenAI is not installed: this is a thin installation", run
    if missing:
        return f"{here}the package {missing} is not installed", run
    build = {"cuda": "torch+cuda", "rocm": "torch+rocm"}.get(a.kind)
    if build and build not in installed:
        name = "CUDA" if a.kind == "cuda" else "ROCm"
        release = installed["torch"].partition("+")[0]
        cuda = f"run: pip install --force-reinstall torch=={release}"
        return f"{here}this PyTorch has no {name}", (
            cuda if a.kind == "cuda" else "install PyTorch's build for ROCm"
        )
    if a.kind == "neuron" and model.architecture not in _NEURON_ARCHITECTURES:
        return (
            f"{here}Optimum Neuron does not compile {model.architecture}",
            "choose a llama-like model",
        )
    if way.engine == "openvino" and way.device != "CPU":
        seen = {name.partition(".")[0] for name in openvino_devices}
        if way.device not in seen:
            remedy = f"install Intel's user-space driver of the {way.device}"
            return f"{here}OpenVINO's plugin does not find it", remedy
    return "", ""
