"""What is installed and found on this machine, and what is chosen from it."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import re
from collections.abc import Callable
from pathlib import Path

from jupyter_safecoder.engines import Engine
from jupyter_safecoder.engines.hardware.device import Accelerator, Kind
from jupyter_safecoder.engines.hardware.probe import probe
from jupyter_safecoder.models import ModelDescription, cache_directory, count_parameters
from jupyter_safecoder.telemetry import silence_telemetry

from .autotune import measure, measurement_key, pick_fastest, read_measurements, write_measurements
from .choice import Choice, EnginePreferences, Machine, candidates

_PACKAGES = (
    "onnxruntime",
    "openvino-genai",
    "optimum-habana",
    "optimum-neuron",
    "optimum-onnx",
    "torch",
    "transformers",
)
#: OpenVINO's plugins, by what is probed.
_PLUGINS: dict[Kind, str] = {"intel-gpu": "GPU", "intel-npu": "NPU"}
#: Maximum number of candidates that the engine ``measured`` measures.
_MAX_MEASURED = 2


def select_engine(
    preferences: EnginePreferences,
    model: ModelDescription,
    load: Callable[[Choice], Engine] | None = None,
) -> Choice:
    """Return how to run a model on this machine.

    Parameters
    ----------
    preferences
        What is asked for. With the engine ``measured`` the two best candidates are measured, once.
    model
        The model.
    load
        Builds and loads an engine, for that measurement; without it an earlier one is used.

    Raises
    ------
    EngineError
        If nothing can run the model as the preferences ask.
    """
    machine = probe_machine(preferences.device)
    choices = candidates(model, machine, preferences, count_parameters(model))
    if preferences.engine != "measured" or len(choices) == 1:
        return choices[0]
    choices = choices[:_MAX_MEASURED]
    path, key = _measurements_path(), measurement_key(model, machine, choices)
    measurements = read_measurements(path, key)
    if not measurements and load is not None:
        measurements = measure(choices, load, model.context_window)
        write_measurements(path, key, measurements)
    return pick_fastest(choices, measurements) if measurements else choices[0]


def _measurements_path() -> Path:
    return cache_directory() / "trials.json"


def probe_machine(device: str = "") -> Machine:
    """Probe this machine; a ``device`` of OpenVINO that is asked for is looked for in any case."""
    found = probe()
    installed = find_packages()
    asked = device.upper().partition(".")[0]
    kinds = {a.kind for a in found}
    interested = not kinds.isdisjoint(_PLUGINS) or asked in _PLUGINS.values()
    if not interested or "openvino-genai" not in installed:
        return Machine(found, installed)
    devices = _openvino_devices()
    for kind, plugin in _PLUGINS.items():
        # Where the kernel shows no /sys, OpenVINO alone knows.
        if asked == plugin and kind not in kinds and asked in devices:
            found.append(Accelerator(kind, f"Intel {plugin}"))
    return Machine(found, installed, devices)


def find_packages() -> dict[str, str]:
    """Return the versions of the packages that engines need, without importing any.

    ``torch+cuda`` and ``torch+rocm`` are there if PyTorch was built for these: its wheels do not
    all say so in their version, but all do in ``torch/version.py``.
    """
    installed = {}
    for package in _PACKAGES:
        try:
            installed[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    torch = importlib.util.find_spec("torch") if "torch" in installed else None
    if torch and torch.origin:
        try:
            text = Path(torch.origin).with_name("version.py").read_text("utf-8")
        except OSError:
            return installed
        for name, version in re.findall(r"^(cuda|hip)\b.*= *'(.+)'$", text, re.MULTILINE):
            installed["torch+cuda" if name == "cuda" else "torch+rocm"] = version
    return installed


def _openvino_devices() -> tuple[str, ...]:
    silence_telemetry()
    try:
        import openvino

        return tuple(openvino.Core().available_devices)
    except (ImportError, RuntimeError):
        return ()
