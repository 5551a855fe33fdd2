"""``jupyter safecoder model …``: lists, describes, converts, verifies and removes models."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from jupyter_safecoder.conversion import (
    ConvertedModel,
    Store,
    convert,
    estimate_model,
    find_converted,
    needs_conversion,
)
from jupyter_safecoder.downloads.get import delete_model
from jupyter_safecoder.engines.selection.choice import Choice
from jupyter_safecoder.errors import ModelError
from jupyter_safecoder.models import (
    AUTO_MODEL,
    EMBEDDED,
    ModelDescription,
    count_parameters,
    resolve_model,
    verify_files,
)
from jupyter_safecoder.models.catalogue import installed_models
from jupyter_safecoder.models.stores import lm_studio, ollama
from jupyter_safecoder.prompt import FAMILIES
from jupyter_safecoder.runtime.loading import choose_engine, resolve_base_model
from jupyter_safecoder.settings import RuntimeSettings

from .cards.find import find_card
from .cards.options import add_card_command, print_card
from .cards.verify import checks_of_model, print_checks
from .options import add_command, add_engine_arguments, settings
from .output import print_line, print_report, print_table, progress_share


def add_model_commands(commands: Any) -> Any:
    """Add ``model`` and its commands; returns its subparsers.

    Parameters
    ----------
    commands
        The subparsers of the command line.
    """
    model = commands.add_parser("model", help="list, convert, verify and remove models")
    model = model.add_subparsers(title="commands", required=True, metavar="COMMAND")
    add_engine_arguments(
        add_command(model, "list", _list, "list the models on this disk that can be served")
    )
    for name, run, help in (
        ("show", _show, "describe a model, and how it would run on this machine"),
        ("prepare", _prepare, "download and convert a model before its first start"),
        ("verify", _verify, "verify the files of a model, and those that it was converted to"),
        ("remove", _remove, "delete what a model was converted to, and a model of the catalogue"),
    ):
        parser = add_command(model, name, run, help)
        parser.add_argument(
            "model",
            nargs=None if name == "remove" else "?",
            default=AUTO_MODEL,
            metavar="MODEL",
            help=f"a name of the catalogue, such as {EMBEDDED}, a directory with a checkpoint, a "
            "GGUF file, 'ollama:NAME', 'lmstudio:PUBLISHER/MODEL', or 'owner/name' on the Hugging "
            "Face Hub",
        )
        add_engine_arguments(parser)
    card = add_card_command(model, _card, "print what is known of a model as a model card")
    card.add_argument(
        "model", nargs="?", default=AUTO_MODEL, metavar="MODEL", help="as for 'model show'"
    )
    add_engine_arguments(card)
    return model


def _list(arguments: argparse.Namespace) -> int:
    rows = [
        *_embedded(),
        *(
            _model_row(model, "catalogue", model.tokenizer.parent)
            for model in installed_models(settings(arguments).cache)
        ),
        *_downloaded(),
        *_stored(arguments),
        *({"kind": "prepared", **_row(converted)} for converted in _store(arguments).all()),
    ]
    if arguments.json:
        print_line(json.dumps({"models": rows}))
    else:
        print_table(rows)
    return 0


def _embedded() -> Iterator[dict[str, Any]]:
    """Yield the row of the embedded model; a thin installation has none."""
    try:
        model = resolve_base_model(RuntimeSettings(model=EMBEDDED))
    except ModelError:
        return
    yield _model_row(model, "embedded", model.weights.parent)


def _downloaded() -> Iterator[dict[str, Any]]:
    """Yield the rows of the models in the Hugging Face cache that can be served."""
    try:
        from jupyter_safecoder.models.checkpoint import describe_checkpoint
        from jupyter_safecoder.models.huggingface import cached_models

        cached = list(cached_models())
    except ImportError:
        return  # a thin installation
    for name, directory in cached:
        try:
            model = describe_checkpoint(directory, name)
        except ModelError:
            continue  # not supported or not complete: 'model show' reports why
        yield _model_row(model, "downloaded", directory)


def _stored(arguments: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """Yield the rows of the models in the stores of other programs that can be served."""
    cache = settings(arguments).cache
    for kind, store in (("ollama", ollama), ("lmstudio", lm_studio)):
        for name, path in store.all_models():
            try:
                model = resolve_model(name, cache=cache)
            except ModelError:
                continue
            yield _model_row(model, kind, path.parent)


def _model_row(model: ModelDescription, kind: str, directory: Path) -> dict[str, Any]:
    return {
        "model": model.name,
        "kind": kind,
        "engine": None,
        "precision": None,
        "size_mb": megabytes(model.weights_bytes),
        "directory": str(directory),
    }


def _show(arguments: argparse.Namespace) -> int:
    requested = settings(arguments)
    with progress_share("Finding the model") as progress:
        model = resolve_base_model(requested, progress)
    choice = choose_engine(requested, model)
    preparation = None
    if needs_conversion(model, choice.engine, choice.precision):
        estimate = estimate_model(model, choice.engine, choice.precision)
        with progress_share("Reading"):
            done = _is_converted(model, choice, requested)
        preparation = {
            "done": done,
            "memory_mb": megabytes(estimate.memory),
            "disk_mb": megabytes(estimate.disk),
        }
    info = model.info()
    quantization = model.gguf.quantization if model.gguf else None
    return print_report(
        {
            "name": model.name,
            "family": info.family,
            "layouts": list(info.layouts),
            "default_layout": info.default_layout,
            "note": FAMILIES[info.family].note or None,
            "context_window": info.context_window,
            "languages": list(info.languages),
            "license": info.license,
            "format": model.format,
            "architecture": model.architecture,
            "parameters": count_parameters(model) or None,
            "quantization": quantization,
            "weights_mb": megabytes(model.weights_bytes),
            "weights": str(model.weights),
            "engine": choice.engine,
            "device": choice.hardware,
            "precision": choice.precision or quantization,
            "why": choice.why,
            "preparation": preparation,
        },
        arguments.json,
    )


def _card(arguments: argparse.Namespace) -> int:
    with progress_share("Finding the model") as progress:
        card = find_card(settings(arguments), progress)
    return print_card(card, arguments)


def _prepare(arguments: argparse.Namespace) -> int:
    requested = settings(arguments)
    with progress_share("Preparing") as progress:
        model = resolve_base_model(requested, progress)
        report = prepare(model, requested, progress)
    return print_report(report, arguments.json)


def prepare(
    model: ModelDescription, requested: RuntimeSettings, progress: Callable[[float, str], None]
) -> dict[str, Any]:
    """Convert a model for the engine that would serve it, or verify its files.

    Parameters
    ----------
    model
        The model.
    requested
        How it is served.
    progress
        Called with the share that is done, 0 to 1, and what is being done.

    Returns
    -------
    dict
        What ``model prepare --json`` prints.
    """
    choice = choose_engine(requested, model)
    report: dict[str, Any] = {
        "model": model.name,
        "engine": choice.engine,
        "precision": choice.precision or None,
    }
    if not needs_conversion(model, choice.engine, choice.precision):
        verify_files(model, lambda share: progress(share, "Verifying the files"))
        return {**report, "directory": None, "reused": None}
    reused = _is_converted(model, choice, requested)
    converted = convert(model, choice.engine, choice.precision, requested.cache, progress)
    return {
        **report,
        "directory": str(converted.directory),
        "size_mb": megabytes(converted.size),
        "seconds": converted.seconds,
        "reused": reused,
    }


def _verify(arguments: argparse.Namespace) -> int:
    requested = settings(arguments)
    with progress_share("Verifying") as progress:
        model = resolve_base_model(requested, progress)
        converted = _converted_from(model, _store(arguments))
        checks = list(checks_of_model(model, converted, requested, progress))
    facts = {
        "model": model.name,
        "ok": True,
        "files": len(model.files) + sum(len(one.files) for one in converted),
        "prepared": [f"{one.engine} {one.precision}" for one in converted],
    }
    return print_checks(facts, checks, as_json=arguments.json)


def _remove(arguments: argparse.Namespace) -> int:
    store = _store(arguments)
    # By name first: the checkpoint itself may be deleted or broken.
    found = [
        one for one in store.all() if arguments.model in (one.model, one.source, str(one.directory))
    ]
    # A model of the catalogue is deleted as a whole, its own files too.
    selected = arguments.engine or arguments.precision
    deleted = {} if selected else delete_model(settings(arguments).cache, arguments.model)
    if not found and not deleted:
        found = _converted_from(resolve_base_model(settings(arguments)), store)
    chosen = [
        one
        for one in found
        if (arguments.engine or one.engine) == one.engine
        and (arguments.precision or one.precision) == one.precision
    ]
    if not chosen and not deleted:
        raise ModelError(
            f"There is no conversion of {arguments.model} in the cache.",
            "'jupyter safecoder model list' lists those that there are.",
        )
    for one in chosen:
        store.remove(one)
    return print_report(
        {
            "removed": [str(path) for path in (*(one.directory for one in chosen), *deleted)],
            "freed_mb": megabytes(sum(one.size for one in chosen) + sum(deleted.values())),
        },
        arguments.json,
    )


def _store(arguments: argparse.Namespace) -> Store:
    return Store(settings(arguments).cache)


def _is_converted(model: ModelDescription, choice: Choice, requested: RuntimeSettings) -> bool:
    found = find_converted(model, choice.engine, choice.precision, requested.cache)
    return found is not None


def _converted_from(model: ModelDescription, store: Store) -> list[ConvertedModel]:
    return [one for one in store.all() if one.source == str(model.weights)]


def _row(converted: ConvertedModel) -> dict[str, Any]:
    return {
        "model": converted.model,
        "engine": converted.engine,
        "precision": converted.precision,
        "size_mb": megabytes(converted.size),
        "directory": str(converted.directory),
    }


def megabytes(size: float) -> float:
    """Return a size in bytes in MB, rounded for reports."""
    return round(size / 1e6, 1)
