"""``jupyter safecoder model …``: what is there, what it is, make it ready, check it, remove it."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from typing import Any

from jupyter_safecoder.conversion import (
    ConvertedModel,
    Store,
    convert,
    find_converted,
    needs_conversion,
)
from jupyter_safecoder.conversion.estimate import estimate_resources
from jupyter_safecoder.engines.selection.select import select_engine
from jupyter_safecoder.errors import ModelError
from jupyter_safecoder.models import EMBEDDED, ModelDescription, count_parameters, verify_files
from jupyter_safecoder.prompt import FAMILIES
from jupyter_safecoder.runtime.loading import resolve_base_model
from jupyter_safecoder.settings import RuntimeSettings

from .options import add_command, add_engine_arguments, settings
from .output import print_line, print_report, print_table, progress_share

_MB = 1e6


def add_model_commands(commands: Any) -> None:
    """Add ``model`` and its commands to the commands."""
    model = commands.add_parser("model", help="list, prepare, check and remove models")
    model = model.add_subparsers(title="commands", required=True, metavar="COMMAND")
    add_engine_arguments(
        add_command(model, "list", _list, "what is on this disk, ready to be served")
    )
    for name, run, what in (
        ("show", _show, "what a model is, and how it would run here"),
        ("prepare", _prepare, "make a model ready, so that the first start need not"),
        ("verify", _verify, "check a model's files, and what was prepared of it"),
        ("remove", _remove, "delete what was prepared of a model; its checkpoint stays"),
    ):
        parser = add_command(model, name, run, what)
        parser.add_argument(
            "model",
            nargs="?",
            default=EMBEDDED,
            metavar="MODEL",
            help=f"{EMBEDDED} (default), a directory with a checkpoint, a GGUF file or a hub id",
        )
        add_engine_arguments(parser)


def _list(options: argparse.Namespace) -> int:
    rows = []
    try:
        embedded = resolve_base_model(RuntimeSettings())
        rows.append(
            {
                "model": embedded.name,
                "kind": "embedded",
                "engine": None,
                "precision": None,
                "size_mb": _mb(embedded.weights_bytes),
                "directory": str(embedded.weights.parent),
            }
        )
    except ModelError:
        pass  # a thin installation has none
    rows += list(_downloaded())
    rows += [{"kind": "prepared", **_row(p)} for p in _store(options).all()]
    if options.json:
        print_line(json.dumps({"models": rows}))
    else:
        print_table(rows)
    return 0


def _downloaded() -> Iterator[dict[str, Any]]:
    """Yield the rows of the hub's models on this disk that can be served."""
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
            continue  # of another kind, or not whole: 'model show' says what it is
        yield {
            "model": name,
            "kind": "downloaded",
            "engine": None,
            "precision": None,
            "size_mb": _mb(model.weights_bytes),
            "directory": str(directory),
        }


def _show(options: argparse.Namespace) -> int:
    wished = settings(options)
    with progress_share("Looking") as progress:
        model = resolve_base_model(wished, progress)
    choice = select_engine(wished.engine_preferences, model)
    preparation = None
    if needs_conversion(model, choice.engine):
        needs = estimate_resources(count_parameters(model), choice.engine, choice.precision)
        with progress_share("Reading"):
            there = _is_prepared(model, choice.engine, choice.precision, options)
        preparation = {
            "done": there,
            "memory_mb": _mb(needs.memory),
            "disk_mb": _mb(needs.disk),
        }
    info = model.info()
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
            "weights_mb": _mb(model.weights_bytes),
            "weights": str(model.weights),
            "engine": choice.engine,
            "device": choice.hardware,
            "precision": choice.precision or None,
            "why": choice.why,
            "preparation": preparation,
        },
        options.json,
    )


def _prepare(options: argparse.Namespace) -> int:
    wished = settings(options)
    with progress_share("Preparing") as progress:
        model = resolve_base_model(wished, progress)
        choice = select_engine(wished.engine_preferences, model)
        report: dict[str, Any] = {
            "model": model.name,
            "engine": choice.engine,
            "precision": choice.precision or None,
        }
        if not needs_conversion(model, choice.engine):
            verify_files(model, lambda share: progress(share, "Checking the files"))
            return print_report({**report, "directory": None, "reused": None}, options.json)
        reused = _is_prepared(model, choice.engine, choice.precision, options)
        done = convert(model, choice.engine, choice.precision, wished.cache, progress)
    return print_report(
        {
            **report,
            "directory": str(done.directory),
            "size_mb": _mb(done.size),
            "seconds": done.seconds,
            "reused": reused,
        },
        options.json,
    )


def _verify(options: argparse.Namespace) -> int:
    wished = settings(options)
    with progress_share("Checking") as progress:
        model = resolve_base_model(wished, progress)
        verify_files(model, lambda share: progress(share, f"Reading {model.name}"))
        prepared = _of(model, _store(options))
        for one in prepared:
            text = f"Reading what was prepared for {one.engine} in {one.precision}"
            one.verify(lambda share: progress(share, text))  # noqa: B023 - used at once
    return print_report(
        {
            "model": model.name,
            "ok": True,
            "files": len(model.files) + sum(len(one.files) for one in prepared),
            "prepared": [f"{one.engine} {one.precision}" for one in prepared],
        },
        options.json,
    )


def _remove(options: argparse.Namespace) -> int:
    store = _store(options)
    # A checkpoint that is gone, or broken, must not keep what was made of it alive.
    named = [p for p in store.all() if options.model in (p.model, p.source, str(p.directory))]
    if not named:
        named = _of(resolve_base_model(settings(options)), store)
    chosen = [
        prepared
        for prepared in named
        if (options.engine or prepared.engine) == prepared.engine
        and (options.precision or prepared.precision) == prepared.precision
    ]
    if not chosen:
        raise ModelError(
            f"Nothing was prepared of {options.model}.",
            "'jupyter safecoder model list' shows what was.",
        )
    for prepared in chosen:
        store.remove(prepared)
    removed = [str(prepared.directory) for prepared in chosen]
    return print_report(
        {"removed": removed, "freed_mb": _mb(sum(p.size for p in chosen))}, options.json
    )


def _store(options: argparse.Namespace) -> Store:
    return Store(settings(options).cache)


def _is_prepared(
    model: ModelDescription, engine: str, precision: str, options: argparse.Namespace
) -> bool:
    return find_converted(model, engine, precision, settings(options).cache) is not None


def _of(model: ModelDescription, store: Store) -> list[ConvertedModel]:
    return [prepared for prepared in store.all() if prepared.source == str(model.weights)]


def _row(prepared: ConvertedModel) -> dict[str, Any]:
    return {
        "model": prepared.model,
        "engine": prepared.engine,
        "precision": prepared.precision,
        "size_mb": _mb(prepared.size),
        "directory": str(prepared.directory),
    }


def _mb(size: float) -> float:
    return round(size / _MB, 1)
