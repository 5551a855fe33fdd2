"""Probes this machine, and selects the engine, device and precision for a model."""

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

from .autotune import (
    measure_choices,
    measurement_key,
    pick_fastest,
    read_measurements,
    write_measurements,
)
from .choice import Choice, EnginePreferences, Machine, rank_choices

#: Packages that engines need.
_PACKAGES = (
    "nncf",
    "onnxruntime",
    "openvino-genai",
    "optimum-habana",
    "optimum-intel",
    "optimum-neuron",
    "optimum-onnx",
    "torch",
    "transformers",
)
#: Kinds of accelerators to OpenVINO's plugins for them.
_PLUGINS: dict[Kind, str] = {"intel-gpu": "GPU", "intel-npu": "NPU"}
#: Maximum number of choices that the engine ``measured`` measures.
_MAX_MEASURED = 2
#: File in the cache directory with the results.
_MEASUREMENTS_FILE = "engine_measurements.json"


def select_engine(
    preferences: EnginePreferences,
    model: ModelDescription,
    load: Callable[[Choice], Engine] | None = None,
) -> Choice:
    """Return how to run a model on this machine.

    Parameters
    ----------
    preferences
        What the settings ask for. With the engine ``measured`` the two best choices are measured
        once.
    model
        The model.
    load
        Makes and loads an engine, for that measurement; without it only an earlier one is used.

    Raises
    ------
    EngineError
        If nothing can run the model as the preferences ask.
    """
    machine = probe_machine(preferences.device)
    choices = rank_choices(model, machine, preferences, count_parameters(model))
    if preferences.engine != "measured" or len(choices) == 1:
        return choices[0]
    choices = choices[:_MAX_MEASURED]
    path, key = cache_directory() / _MEASUREMENTS_FILE, measurement_key(model, machine, choices)
    measurements = read_measurements(path, key)
    if not measurements and load is not None:
        measurements = measure_choices(choices, load, model.context_window)
        write_measurements(path, key, measurements)
    return pick_fastest(choices, measurements) if measurements else choices[0]


def probe_machine(device: str = "") -> Machine:
    """Return what this machine has.

    Parameters
    ----------
    device
        The device that the settings ask for. One of OpenVINO is looked up in OpenVINO even if the
        kernel's files do not show it.
    """
    accelerators = probe()
    installed = find_packages()
    asked = device.upper().partition(".")[0]
    kinds = {a.kind for a in accelerators}
    needs_openvino = not kinds.isdisjoint(_PLUGINS) or asked in _PLUGINS.values()
    if not needs_openvino or "openvino-genai" not in installed:
        return Machine(accelerators, installed)
    devices = _openvino_devices()
    for kind, plugin in _PLUGINS.items():
        # Where the kernel shows no /sys, only OpenVINO finds the device.
        if asked == plugin and kind not in kinds and asked in devices:
            accelerators.append(Accelerator(kind, f"Intel {plugin}"))
    return Machine(accelerators, installed, devices)


def find_packages() -> dict[str, str]:
    """Return the versions of the packages that engines need, without importing any.

    ``torch+cuda`` and ``torch+rocm`` are among them if PyTorch was built for these. Not all of its
    wheels have that in their version, but all have it in ``torch/version.py``.
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
