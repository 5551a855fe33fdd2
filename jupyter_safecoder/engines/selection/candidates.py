"""Lists the engines and devices that could run a model on a machine, the fastest first."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from jupyter_safecoder.engines.hardware.device import Accelerator, count_cores
from jupyter_safecoder.extras import INSTALL_CHECKPOINTS, INSTALL_LOCAL, INSTALL_ONNXRUNTIME
from jupyter_safecoder.models import GgufContent, ModelDescription

#: The engines that compute on this machine, with the names that messages use.
LOCAL_ENGINES = {
    "openvino": "OpenVINO",
    "transformers": "PyTorch",
    "onnxruntime": "ONNX Runtime",
    "habana": "Optimum Habana",
    "neuron": "Optimum Neuron",
}

#: The packages that each engine needs, and the command that installs them.
_PACKAGES = {
    "openvino": (("openvino-genai",), INSTALL_LOCAL),
    "transformers": (("torch", "transformers"), INSTALL_CHECKPOINTS),
    "onnxruntime": (("onnxruntime", "optimum-onnx"), INSTALL_ONNXRUNTIME),
    "habana": (("optimum-habana",), "pip install optimum-habana"),
    "neuron": (("optimum-neuron",), "pip install 'optimum-neuron[neuronx]'"),
}

#: The packages that convert a GGUF, besides those of the engine.
_CONVERSION_PACKAGES = ("torch", "transformers", "optimum-intel", "nncf")

#: Kinds of accelerators, the fastest first.
_FASTEST_FIRST = ("cuda", "gaudi", "rocm", "neuron", "apple", "intel-gpu", "intel-npu", "cpu")

#: Bytes of a weight. Scales of int8 and int4 are included; embeddings of int4 models are int8.
WEIGHT_BYTES = {"fp32": 4.0, "bf16": 2.0, "fp16": 2.0, "int8": 1.05, "int4": 0.65}
#: Bytes that libraries and the KV cache take besides the weights.
_OVERHEAD_BYTES = 10**9

#: ``model_type`` of the architectures that Optimum Neuron 0.4 compiles for inference.
_NEURON_ARCHITECTURES = ("granite", "llama", "mixtral", "phi3", "qwen2", "qwen3")


@dataclass(frozen=True)
class EngineCandidate:
    """An engine on a device that could run a model.

    Parameters
    ----------
    engine
        Name of the engine.
    device
        The engine's name of the device.
    precisions
        Precisions that the engine supports there, the best first; ``("",)``: that of the file.
    hardware
        Name of the device for the status.
    subject, reason
        Start and end of the sentence that explains the choice.
    memory
        Bytes that the device has for the model; ``None`` if unknown.
    fallback_precision
        Precision to use if memory is too small for the best one; empty: none.
    allow_low_memory
        Use ``fallback_precision`` even if memory is too small for that: loading then reports it.
    opt_in
        Chosen only if the settings name the device.
    blocker, remedy
        Why it cannot be used, and what to do about that; empty if it can.
    """

    engine: str
    device: str
    precisions: tuple[str, ...]
    hardware: str
    subject: str
    reason: str
    memory: int | None = None
    fallback_precision: str = ""
    allow_low_memory: bool = False
    opt_in: bool = False
    blocker: str = ""
    remedy: str = ""

    @property
    def label(self) -> str:
        """Name of the engine for messages."""
        return LOCAL_ENGINES[self.engine]


def needed_bytes(parameters: int, precision: str) -> int:
    """Estimate the memory that a model needs, its KV cache included."""
    return int(parameters * WEIGHT_BYTES[precision]) + _OVERHEAD_BYTES


def engine_candidates(
    model: ModelDescription,
    accelerators: Sequence[Accelerator],
    installed: Mapping[str, str],
    openvino_devices: Collection[str],
) -> Iterator[EngineCandidate]:
    """Yield the candidates for a model, the fastest first, including those with a blocker.

    Parameters
    ----------
    model
        The model.
    accelerators, installed, openvino_devices
        What the machine has, see :class:`.choice.Machine`. Of several accelerators of a kind the
        first counts.
    """
    first_of_kind = {a.kind: a for a in reversed(accelerators)}
    for accelerator in (first_of_kind[kind] for kind in _FASTEST_FIRST if kind in first_of_kind):
        if accelerator.kind == "cpu":
            candidates = list(_on_cpu(accelerator, model))
        else:
            candidates = [_on_accelerator(accelerator)]
        for candidate in candidates:
            blocker, remedy = _find_blocker(
                candidate, accelerator, model, installed, openvino_devices
            )
            yield replace(candidate, blocker=blocker, remedy=remedy)


def _on_cpu(cpu: Accelerator, model: ModelDescription) -> Iterator[EngineCandidate]:
    count = count_cores(cpu.cores)
    isa = cpu.instruction_set
    hardware = f"CPU ({count}, {isa})" if isa else f"CPU ({count})"
    subject = count.replace(" ", " CPU ") + (f" with {isa}" if isa else "")
    template = EngineCandidate("", "cpu", (), hardware, subject, "", cpu.memory)
    openvino = replace(template, engine="openvino", device="CPU")
    if model.format == "gguf":
        yield from _gguf_on_cpu(openvino, model.gguf)
        return
    yield replace(
        openvino,
        precisions=("int8", "int4", "fp16", "fp32"),
        fallback_precision="int4",
        allow_low_memory=True,
        reason="the fastest measured on CPUs",
    )
    yield replace(
        template,
        engine="onnxruntime",
        precisions=("int8", "fp32"),
        reason="the next fastest on CPUs",
    )
    yield replace(
        template, engine="transformers", precisions=("fp32", "bf16"), reason="slow, but exact"
    )


def _gguf_on_cpu(
    openvino: EngineCandidate, content: GgufContent | None
) -> Iterator[EngineCandidate]:
    """Yield the candidates for a GGUF: converted, and unchanged; the better one first."""
    unchanged = replace(
        openvino,
        precisions=("",),
        reason="OpenVINO uses the weights of the GGUF file unchanged",
    )
    if content is None:  # the embedded model
        yield unchanged
        return
    converted = replace(
        openvino,
        precisions=("int8", "int4"),
        fallback_precision="int4",
        allow_low_memory=True,
        reason=f"faster than the {content.quantization} of the GGUF file, which is converted once",
    )
    candidates = [unchanged] if content.servable_unchanged else []
    if content.convertible:
        candidates.insert(0 if content.faster_converted else 1, converted)
    yield from candidates


def _on_accelerator(accelerator: Accelerator) -> EngineCandidate:
    def candidate(
        engine: str, device: str, precisions: tuple[str, ...], reason: str
    ) -> EngineCandidate:
        name = accelerator.name
        return EngineCandidate(engine, device, precisions, name, name, reason, accelerator.memory)

    floats = ("bf16", "fp16", "fp32")
    match accelerator.kind:
        case "cuda":
            # Cards before Ampere emulate bf16; one of unknown architecture is taken for newer.
            if any(f.startswith("sm_") and int(f[3:]) < 80 for f in accelerator.features):
                return candidate("transformers", "cuda", floats[1:], "the card has no bf16")
            return candidate("transformers", "cuda", floats, "which supports NVIDIA GPUs")
        case "rocm":
            return candidate("transformers", "cuda", floats, "which supports AMD GPUs")
        case "apple":
            return candidate("transformers", "mps", ("fp16", "fp32"), "which supports this GPU")
        case "gaudi":
            return candidate("habana", "hpu", ("bf16", "fp32"), "which supports Gaudi")
        case "neuron":
            return candidate("neuron", "neuron", ("bf16", "fp16"), "which supports Neuron")
        case "intel-npu":
            npu = candidate("openvino", "NPU", ("int4", "int8"), "which supports Intel NPUs")
            return replace(npu, opt_in=True)
        case _:
            gpu = candidate(
                "openvino", "GPU", ("int8", "int4", "fp16"), "which supports Intel GPUs"
            )
            return replace(gpu, fallback_precision="int4")


def _find_blocker(
    candidate: EngineCandidate,
    accelerator: Accelerator,
    model: ModelDescription,
    installed: Mapping[str, str],
    openvino_devices: Collection[str],
) -> tuple[str, str]:
    """Return why a candidate cannot be used, and what to do; both are empty if it can."""
    prefix = f"{accelerator.name} is present, but " if accelerator.kind != "cpu" else ""
    if accelerator.blocker:
        return prefix + accelerator.blocker, accelerator.remedy
    if model.format == "gguf" and accelerator.kind != "cpu":
        return f"{prefix}GGUF files are run on the CPU", "choose a checkpoint to use it"
    blocker, remedy = (
        _missing_package(candidate, installed)
        or _missing_converter(candidate, model, installed)
        or _missing_torch_build(accelerator, installed)
        or _unsupported(candidate, model, openvino_devices)
        or ("", "")
    )
    return (prefix + blocker if blocker else ""), remedy


def _missing_package(
    candidate: EngineCandidate, installed: Mapping[str, str]
) -> tuple[str, str] | None:
    packages, command = _PACKAGES[candidate.engine]
    missing = next((package for package in packages if package not in installed), "")
    if not missing:
        return None
    subject = "OpenVINO GenAI" if missing == "openvino-genai" else f"the package {missing}"
    return f"{subject} is not installed", f"run: {command}"


def _missing_converter(
    candidate: EngineCandidate, model: ModelDescription, installed: Mapping[str, str]
) -> tuple[str, str] | None:
    missing = next((package for package in _CONVERSION_PACKAGES if package not in installed), "")
    if model.format != "gguf" or candidate.precisions == ("",) or not missing:
        return None
    blocker = f"to convert the GGUF file the package {missing} is needed, which is not installed"
    return blocker, f"run: {INSTALL_CHECKPOINTS}"


def _missing_torch_build(
    accelerator: Accelerator, installed: Mapping[str, str]
) -> tuple[str, str] | None:
    if accelerator.kind == "cuda" and "torch+cuda" not in installed:
        release = installed["torch"].partition("+")[0]
        remedy = f"run: pip install --force-reinstall torch=={release}"
        return "this PyTorch has no CUDA", remedy
    if accelerator.kind == "rocm" and "torch+rocm" not in installed:
        return "this PyTorch has no ROCm", "install PyTorch's build for ROCm"
    return None


def _unsupported(
    candidate: EngineCandidate, model: ModelDescription, openvino_devices: Collection[str]
) -> tuple[str, str] | None:
    if candidate.engine == "neuron" and model.architecture not in _NEURON_ARCHITECTURES:
        blocker = f"Optimum Neuron does not compile {model.architecture}"
        return blocker, "choose a llama-like model"
    if candidate.engine == "openvino" and candidate.device != "CPU":
        found = {name.partition(".")[0] for name in openvino_devices}
        if candidate.device not in found:
            remedy = f"install Intel's user-space driver of the {candidate.device}"
            return "OpenVINO's plugin does not find it", remedy
    return None
