"""The switches of dependencies: what each would report or look up."""

from __future__ import annotations

from jupyter_safecoder.privacy.destination import State
from jupyter_safecoder.privacy.machine import Machine

_TRUE = frozenset({"1", "on", "true", "yes"})
_NOT_INSTALLED = State(True, "Not installed.")
_OFF = "Off in the processes of SafeCoder, whatever the environment has"
#: Variables of PyTorch that name caches on other machines begin and end so.
_TORCH = ("TORCHINDUCTOR_", "_REMOTE_CACHE")


def _is_set(machine: Machine, *names: str) -> bool:
    return any(machine.environment.get(name, "").lower() in _TRUE for name in names)


def _own_code(is_off: bool) -> str:
    return "off" if is_off else "on"


def _hub_telemetry(machine: Machine) -> State:
    if "huggingface-hub" not in machine.packages:
        return _NOT_INSTALLED
    off = _is_set(machine, "HF_HUB_DISABLE_TELEMETRY", "DISABLE_TELEMETRY", "DO_NOT_TRACK")
    offline = _is_set(machine, "HF_HUB_OFFLINE")
    return State(True, f"{_OFF}. In your own code: {_own_code(off or offline)}.")


def _hub_requests(machine: Machine) -> State:
    if "huggingface-hub" not in machine.packages:
        return _NOT_INSTALLED
    return _requests(machine, "HF_HUB_OFFLINE")


def _transformers_requests(machine: Machine) -> State:
    if "transformers" not in machine.packages:
        return _NOT_INSTALLED
    return _requests(machine, "TRANSFORMERS_OFFLINE", "HF_HUB_OFFLINE")


def _requests(machine: Machine, *variables: str) -> State:
    own = _own_code(_is_set(machine, *variables))
    if machine.settings.allow_downloads:
        return State(False, "On in the runtime, which may fetch a model (allow_downloads).")
    return State(True, f"{_OFF}. In your own code: {own}.")


def _openvino(machine: Machine) -> State:
    return _intel(machine, "openvino")


def _nncf(machine: Machine) -> State:
    return _intel(machine, "nncf")


def _intel(machine: Machine, package: str) -> State:
    """Both libraries report through the package openvino-telemetry, which asks a file."""
    if package not in machine.packages:
        return _NOT_INSTALLED
    if "openvino-telemetry" not in machine.packages:
        return State(True, "Off: openvino-telemetry is not installed.")
    # Without the file of the consent, parts of OpenVINO report and others ask first.
    return State(True, f"{_OFF}. In your own code: {_own_code(machine.intel_consent == '0')}.")


def _onnxruntime(machine: Machine) -> State:
    if "onnxruntime" not in machine.packages:
        return _NOT_INSTALLED
    if machine.system == "Windows":
        return State(False, "The build for Windows reports to the system's telemetry.")
    return State(True, "Builds for this system have none.")


def _torch(machine: Machine) -> State:
    if "torch" not in machine.packages:
        return _NOT_INSTALLED
    start, end = _TORCH
    named = sorted(
        name
        for name in machine.environment
        if name.startswith(start) and name.endswith(end) and _is_set(machine, name)
    )
    if named:
        return State(False, f"Set: {', '.join(named)}.")
    return State(True, "None is set.")


def _pip(machine: Machine) -> State:
    return State(True, "Off where SafeCoder starts pip.")


INSPECTORS = {
    "huggingface_hub.telemetry": _hub_telemetry,
    "huggingface_hub.requests": _hub_requests,
    "transformers.requests": _transformers_requests,
    "openvino.telemetry": _openvino,
    "nncf.telemetry": _nncf,
    "onnxruntime.telemetry": _onnxruntime,
    "torch.remote_cache": _torch,
    "pip.version_check": _pip,
}
