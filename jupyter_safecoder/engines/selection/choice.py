"""Chooses engine, device and precision: a pure rule over the machine and the settings."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from jupyter_safecoder.engines.hardware.device import Accelerator
from jupyter_safecoder.errors import EngineError
from jupyter_safecoder.models import ModelDescription, format_gb

from .candidates import LOCAL_ENGINES, EngineCandidate, engine_candidates, needed_bytes

#: Values of the engine setting with which the engine is chosen here.
AUTO = ("auto", "measured")


@dataclass(frozen=True)
class Choice:
    """How to run a model.

    Parameters
    ----------
    engine
        Name of the engine, for :func:`.make_engine`.
    device, precision
        As in :class:`.EngineOptions`.
    hardware
        Name of the device for the status.
    why
        The reason, one sentence.
    """

    engine: str
    device: str
    precision: str
    hardware: str
    why: str


@dataclass(frozen=True)
class Machine:
    """What a machine has.

    Parameters
    ----------
    accelerators
        Its devices, the CPU included.
    installed
        Installed packages and their versions. ``torch+cuda`` and ``torch+rocm`` are among them if
        the installed PyTorch was built for these.
    openvino_devices
        Devices that OpenVINO's plugins find; may be empty if none but the CPU is of interest.
    """

    accelerators: Sequence[Accelerator]
    installed: Mapping[str, str]
    openvino_devices: Collection[str] = ()


@dataclass(frozen=True)
class EnginePreferences:
    """What the settings ask for.

    Parameters
    ----------
    engine
        Name of an engine, or one of ``AUTO``.
    device, precision
        As in :class:`.EngineOptions`; empty: the best one.
    remote
        Whether a completion server is set.
    """

    engine: str = "auto"
    device: str = ""
    precision: str = ""
    remote: bool = False


def rank_choices(
    model: ModelDescription, machine: Machine, preferences: EnginePreferences, parameters: int
) -> list[Choice]:
    """Return the choices for running a model, best first.

    Parameters
    ----------
    model
        The model.
    machine
        What the machine has.
    preferences
        What the settings ask for. It has priority, even over an estimate of too little memory.
    parameters
        Number of the model's parameters.

    Raises
    ------
    EngineError
        If the model cannot be run as the settings ask, or not at all.
    """
    if preferences.engine == "remote" or (preferences.remote and preferences.engine in AUTO):
        return [_choose_remote(preferences)]
    if model.format == "script" or preferences.engine not in (*AUTO, *LOCAL_ENGINES):
        return [_choose_named(preferences)]
    choices: list[Choice] = []
    skipped: list[EngineCandidate] = []
    candidates = list(
        engine_candidates(model, machine.accelerators, machine.installed, machine.openvino_devices)
    )
    for candidate in candidates:
        if not _matches(candidate, preferences):
            continue
        resolved: Choice | EngineCandidate = candidate
        if not candidate.blocker:
            resolved = _resolve_precision(candidate, preferences, parameters)
        if isinstance(resolved, Choice):
            choices.append(resolved)
        elif not choices:
            skipped.append(resolved)
    if not choices:
        raise _no_choice(model, preferences, candidates, skipped)
    if skipped:
        # The owner of an accelerator should learn why it is not used.
        remarks = "; ".join(f"{candidate.blocker}: {candidate.remedy}" for candidate in skipped)
        choices[0] = replace(choices[0], why=f"{choices[0].why[:-1]} ({remarks}).")
    return choices


def _choose_remote(preferences: EnginePreferences) -> Choice:
    if not preferences.remote:
        raise EngineError(
            "The engine is 'remote', but no server is set.",
            "Set c.SafeCoder.remote_url, or the engine to auto.",
        )
    if preferences.device or preferences.precision:
        raise EngineError(
            "A remote server has its own device and precision.",
            "Leave c.SafeCoder.device and c.SafeCoder.precision empty.",
        )
    return Choice("remote", "", "", "remote server", "A remote server is set: it runs the model.")


def _choose_named(preferences: EnginePreferences) -> Choice:
    """Return the choice for a script, or for an engine of another package.

    Only that engine knows what it can run.
    """
    engine = "scripted" if preferences.engine in AUTO else preferences.engine
    if preferences.engine in AUTO:
        why = "The model is a script."
    else:
        why = f"The setting asks for {engine!r}."
    return Choice(engine, preferences.device, preferences.precision, preferences.device, why)


def _matches(candidate: EngineCandidate, preferences: EnginePreferences) -> bool:
    """Return whether a candidate is one that the settings ask for."""
    if preferences.engine not in (*AUTO, candidate.engine):
        return False
    if preferences.precision and preferences.precision not in candidate.precisions:
        return False
    if not preferences.device:
        return not candidate.opt_in
    return _device_type(preferences.device) == _device_type(candidate.device)


def _device_type(device: str) -> str:
    """Return a device without its number: ``cuda`` for ``cuda:1``, ``gpu`` for ``GPU.0``."""
    return device.casefold().replace(".", ":").partition(":")[0]


def _resolve_precision(
    candidate: EngineCandidate, preferences: EnginePreferences, parameters: int
) -> Choice | EngineCandidate:
    """Return a choice with the best precision that fits, or the candidate with a blocker."""
    same_device = preferences.device.casefold() == candidate.device.casefold()
    device = candidate.device if same_device else preferences.device or candidate.device

    def choice(precision: str, reason: str) -> Choice:
        how = f"{precision} through {candidate.label}, " if precision else ""
        why = f"{candidate.subject}: {how}{reason}."
        return Choice(candidate.engine, device, precision, candidate.hardware, why)

    best, fallback, memory = (
        candidate.precisions[0],
        candidate.fallback_precision,
        candidate.memory,
    )
    if preferences.precision:
        return choice(preferences.precision, "as the setting asks")
    if not best or memory is None or needed_bytes(parameters, best) <= memory:
        return choice(best, candidate.reason)
    needed = format_gb(needed_bytes(parameters, best))
    shortage = f"{best} needs {needed} and {format_gb(memory)} are available"
    if fallback and (candidate.allow_low_memory or needed_bytes(parameters, fallback) <= memory):
        return choice(fallback, f"because {shortage}")
    return replace(
        candidate,
        blocker=f"{candidate.subject} has too little memory for the model: {shortage}",
        remedy="choose a smaller model, or a server with several devices (c.SafeCoder.remote_url)",
    )


def _no_choice(
    model: ModelDescription,
    preferences: EnginePreferences,
    candidates: list[EngineCandidate],
    skipped: list[EngineCandidate],
) -> EngineError:
    """Return the error for a model that cannot be run as the settings ask."""
    if skipped:
        return EngineError(_sentence(skipped[0].blocker), _sentence(skipped[0].remedy))
    asked = {
        "engine": "" if preferences.engine in AUTO else preferences.engine,
        "device": preferences.device,
        "precision": preferences.precision,
    }
    named = " and ".join(f"the {name} {value!r}" for name, value in asked.items() if value)
    possible = "; ".join(
        " ".join((candidate.engine, "on", candidate.device, *candidate.precisions)).strip()
        for candidate in candidates
        if not candidate.blocker
    )
    return EngineError(
        f"{model.name} cannot be run here with {named}.",
        "Leave c.SafeCoder.engine, device and precision at their defaults; possible are: "
        f"{possible}.",
    )


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}."
