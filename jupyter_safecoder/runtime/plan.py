"""What is installed and found on this machine, and what is chosen from it."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import re
from collections.abc import Callable
from pathlib import Path

from ..engines import Engine
from ..engines.accelerator import Accelerator, Kind
from ..engines.accelerators import probe
from ..engines.choice import Choice, Machine, Wish, candidates
from ..engines.trial import fastest, measure, read_trials, trial_key, write_trials
from ..models import ModelDescription, cache_directory, count_parameters
from .settings import RuntimeSettings

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
#: How many candidates the engine ``measured`` times.
_MEASURED = 2


def plan(
    settings: RuntimeSettings,
    model: ModelDescription,
    load: Callable[[Choice], Engine] | None = None,
) -> Choice:
    """Return how to run a model on this machine.

    Parameters
    ----------
    settings
        What is asked for. With the engine ``measured`` the two best candidates are timed, once.
    model
        The model.
    load
        Makes and loads an engine, for that; without it what was measured before is taken.

    Raises
    ------
    EngineProblem
        If nothing can run the model as the settings ask.
    """
    machine = examine_machine(settings.device)
    choices = _choices(settings, model, machine)
    if settings.engine != "measured" or len(choices) == 1:
        return choices[0]
    choices = choices[:_MEASURED]
    path, key = _trials_path(), trial_key(model, machine, choices)
    trials = read_trials(path, key)
    if not trials and load is not None:
        trials = measure(choices, load, model.context_window)
        write_trials(path, key, trials)
    return fastest(choices, trials) if trials else choices[0]


def choose_engine(settings: RuntimeSettings, model: ModelDescription) -> list[Choice]:
    """Return the ways to run a model on this machine that the settings allow, best first.

    Raises
    ------
    EngineProblem
        If there is none.
    """
    return _choices(settings, model, examine_machine(settings.device))


def _choices(settings: RuntimeSettings, model: ModelDescription, machine: Machine) -> list[Choice]:
    wish = Wish(
        settings.engine, settings.device, settings.precision, remote=bool(settings.remote_url)
    )
    return candidates(model, machine, wish, count_parameters(model))


def _trials_path() -> Path:
    return cache_directory() / "trials.json"


def examine_machine(device: str = "") -> Machine:
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
    # Late: process.py imports the service, which imports this.
    from .process import silence_telemetry

    silence_telemetry()
    try:
        import openvino

        return tuple(openvino.Core().available_devices)
    except (ImportError, RuntimeError):
        return ()
