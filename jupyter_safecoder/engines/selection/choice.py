"""Which engine, device and precision: a pure rule over what was found and what was asked for."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from jupyter_safecoder.engines.hardware.device import Accelerator
from jupyter_safecoder.errors import EngineError
from jupyter_safecoder.models import ModelDescription

from .candidates import LOCAL, EngineCandidate, need_bytes, ways

#: Values of the setting that leave the engine to us.
AUTO = ("auto", "measured")


@dataclass(frozen=True)
class Choice:
    """How to run a model.

    ``engine``, ``device`` and ``precision`` are as ``make_engine`` and ``EngineOptions`` take
    them; ``hardware`` names the device for people, ``why`` is one plain sentence.
    """

    engine: str
    device: str
    precision: str
    hardware: str
    why: str


@dataclass(frozen=True)
class Machine:
    """What there is to choose from.

    ``installed`` maps packages to versions; ``torch+cuda`` and ``torch+rocm`` are among them if the
    installed PyTorch was built for these. ``openvino_devices`` are those that OpenVINO's plugins
    found, ``CPU`` left out.
    """

    accelerators: Sequence[Accelerator]
    installed: Mapping[str, str]
    openvino_devices: Collection[str] = ()


@dataclass(frozen=True)
class EnginePreferences:
    """What the settings ask for; empty is: as you think best. ``remote``: a server is set."""

    engine: str = "auto"
    device: str = ""
    precision: str = ""
    remote: bool = False


def candidates(
    model: ModelDescription, machine: Machine, wish: EnginePreferences, parameters: int
) -> list[Choice]:
    """Return how the model can be run, best first.

    Parameters
    ----------
    model
        The model.
    machine
        What was found.
    wish
        What is asked for: it wins, also over an estimate that says that memory is short.
    parameters
        Of the model: their number.

    Raises
    ------
    EngineError
        If what is asked for cannot be, or nothing can run the model.
    """
    if wish.engine == "remote" or (wish.remote and wish.engine in AUTO):
        return [_remote(wish)]
    if model.format == "script" or wish.engine not in (*AUTO, *LOCAL):
        return [_as_asked(model, wish)]
    choices: list[Choice] = []
    passed_over: list[EngineCandidate] = []
    offered = list(ways(model, machine.accelerators, machine.installed, machine.openvino_devices))
    for way in (way for way in offered if _is_meant(way, wish)):
        settled = way if way.obstacle else _settle(way, wish, parameters)
        if isinstance(settled, Choice):
            choices.append(settled)
        elif not choices:
            passed_over.append(settled)
    if not choices:
        raise _problem(model, wish, offered, passed_over)
    if passed_over:
        # Whoever bought a card wants to know why it idles.
        remarks = "; ".join(f"{way.obstacle}: {way.remedy}" for way in passed_over)
        choices[0] = replace(choices[0], why=f"{choices[0].why[:-1]} ({remarks}).")
    return choices


def _remote(wish: EnginePreferences) -> Choice:
    if not wish.remote:
        raise EngineError(
            "The engine is 'remote', but no server is set.",
            "Set c.SafeCoder.remote_url, or the engine to auto.",
        )
    if wish.device or wish.precision:
        raise EngineError(
            "The device and the precision of a remote server are the server's own.",
            "Leave c.SafeCoder.device and c.SafeCoder.precision empty.",
        )
    return Choice("remote", "", "", "remote server", "A remote server is set: it computes.")


def _as_asked(model: ModelDescription, wish: EnginePreferences) -> Choice:
    """Take a script, or an engine of another package: only that knows what it can run."""
    engine = "scripted" if wish.engine in AUTO else wish.engine
    why = "The model is a script." if wish.engine in AUTO else f"The setting asks for {engine!r}."
    return Choice(engine, wish.device, wish.precision, wish.device, why)


def _is_meant(way: EngineCandidate, wish: EnginePreferences) -> bool:
    if wish.engine not in (*AUTO, way.engine):
        return False
    if wish.precision and wish.precision not in way.precisions:
        return False
    if not wish.device:
        return not way.only_if_asked
    return _family(wish.device) == _family(way.device)


def _family(device: str) -> str:
    """Return what stands before the number in ``cuda:1`` or ``GPU.0``."""
    return device.casefold().replace(".", ":").partition(":")[0]


def _settle(
    way: EngineCandidate, wish: EnginePreferences, parameters: int
) -> Choice | EngineCandidate:
    """Return the choice in the best precision that fits, or else the way with its obstacle."""
    same = wish.device.casefold() == way.device.casefold()
    device = way.device if same else wish.device or way.device

    def chosen(precision: str, reason: str) -> Choice:
        how = f"{precision} through {way.label}, " if precision else ""
        why = f"{way.subject}: {how}{reason}."
        return Choice(way.engine, device, precision, way.hardware, why)

    best, memory = way.precisions[0], way.memory
    if wish.precision:
        return chosen(wish.precision, "as the setting asks")
    if not best or memory is None or need_bytes(parameters, best) <= memory:
        return chosen(best, way.reason)
    short = f"{best} needs {_gb(need_bytes(parameters, best))} and {_gb(memory)} are there"
    if way.least and (way.last_resort or need_bytes(parameters, way.least) <= memory):
        return chosen(way.least, f"because {short}")
    return replace(
        way,
        obstacle=f"{way.subject} cannot hold the model: {short}",
        remedy="choose a smaller model, or a server of several devices (c.SafeCoder.remote_url)",
    )


def _gb(size: int) -> str:
    return f"{size / 1e9:.1f} GB"


def _problem(
    model: ModelDescription,
    wish: EnginePreferences,
    offered: list[EngineCandidate],
    passed_over: list[EngineCandidate],
) -> EngineError:
    if passed_over:
        first = passed_over[0]
        return EngineError(_sentence(first.obstacle), _sentence(first.remedy))
    asked = {
        "engine": "" if wish.engine in AUTO else wish.engine,
        "device": wish.device,
        "precision": wish.precision,
    }
    named = " and ".join(f"the {name} {value!r}" for name, value in asked.items() if value)
    possible = "; ".join(
        " ".join((way.engine, "on", way.device, *way.precisions)).strip()
        for way in offered
        if not way.obstacle
    )
    return EngineError(
        f"{model.name} cannot be run here with {named}.",
        f"Leave c.SafeCoder.engine, device and precision at their defaults; there is: {possible}.",
    )


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}."
