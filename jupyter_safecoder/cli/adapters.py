"""``jupyter safecoder adapter``."""

from __future__ import annotations

import argparse
import getpass
import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .cards.options import add_card_command, print_card
from .finetune import add_base_arguments, base_settings, training_backend_for
from .options import add_command
from .output import print_line, print_report, print_table, progress_share

if TYPE_CHECKING:
    from jupyter_safecoder.adapters.registry import Registry


def add_adapter_commands(commands: Any) -> None:
    """Add the commands that manage adapters."""
    adapter = commands.add_parser(
        "adapter", help="list, use, verify, remove, combine, export and import adapters"
    )
    adapter = adapter.add_subparsers(title="commands", required=True, metavar="COMMAND")
    add_base_arguments(add_command(adapter, "list", _list, "list adapters"))
    for name, run, text in (
        ("show", _show, "show the card of an adapter"),
        ("verify", _verify, "check that an adapter's files were not changed"),
        ("remove", _remove, "delete an adapter"),
    ):
        parser = add_command(adapter, name, run, text)
        parser.add_argument("name", metavar="NAME", help="name of the adapter")
        add_base_arguments(parser)
    card = add_card_command(adapter, _card, "print what is known of an adapter as a model card")
    card.add_argument("name", metavar="NAME", help="name of the adapter, or a directory with one")
    add_base_arguments(card)

    use = add_command(adapter, "use", _use, "serve the model with an adapter, or without one")
    chosen = use.add_mutually_exclusive_group(required=True)
    chosen.add_argument("name", nargs="?", metavar="NAME", help="name of the adapter")
    chosen.add_argument("--base", action="store_true", help="the base model without an adapter")
    chosen.add_argument(
        "--previous", action="store_true", help="the adapter that was active before this one"
    )
    add_base_arguments(use)

    export = add_command(
        adapter, "export", _export, "write an adapter as a directory that other servers load"
    )
    export.add_argument("name", metavar="NAME", help="name of the adapter")
    export.add_argument("target", type=Path, metavar="DIRECTORY", help="directory to create")
    add_base_arguments(export)

    for name, run, text in (
        ("average", _average, "write the mean of adapters of one base model"),
        ("sum", _sum, "write the sum of an adapter and of those trained on top of it"),
    ):
        parser = add_command(adapter, name, run, text)
        parser.add_argument("names", nargs="+", metavar="NAME", help="names of the adapters")
        parser.add_argument(
            "--output", type=Path, required=True, metavar="DIRECTORY", help="directory to create"
        )
        parser.add_argument(
            "--rank",
            type=int,
            help="highest rank of the result (default: the sum of the ranks)",
        )
        add_base_arguments(parser)

    import_ = add_command(
        adapter, "import", _import, "import an adapter that was exported, or that PEFT wrote"
    )
    import_.add_argument("source", type=Path, metavar="DIRECTORY", help="directory of the adapter")
    import_.add_argument("--name", help="name of the adapter here (default: that on its card)")
    add_base_arguments(import_)


def _registry(arguments: argparse.Namespace) -> Registry:
    from jupyter_safecoder.adapters.registry import Registry

    return Registry(base_settings(arguments).cache)


def _list(arguments: argparse.Namespace) -> int:
    rows = [
        {
            "adapter": info.card.name,
            "base": info.card.base,
            "accepted": info.card.accepted,
            "in_use": info.in_use,
            "made": info.card.made,
            "by": info.card.by,
            "reason": info.card.reason,
        }
        for info in training_backend_for(arguments).adapters()
    ]
    if arguments.json:
        return print_report({"adapters": rows}, as_json=True)
    print_table(rows)
    return 0


def _show(arguments: argparse.Namespace) -> int:
    card = asdict(training_backend_for(arguments).card(arguments.name))
    if arguments.json:
        return print_report(card, as_json=True)
    curves = card.pop("curves")
    print_report(card, as_json=False)
    print_line(f"validation loss: {json.dumps(curves['val'])}")
    return 0


def _card(arguments: argparse.Namespace) -> int:
    from jupyter_safecoder.adapters.model_card import card_of_adapter
    from jupyter_safecoder.adapters.registry import Registry, read_card
    from jupyter_safecoder.models.cards import read_own_words

    directory = Path(arguments.name)
    card = read_card(directory)
    if card is None:
        card = training_backend_for(arguments).card(arguments.name)
        directory = Registry(base_settings(arguments).cache).directory / card.name
    if not directory.is_dir():  # on a Hub
        return print_card(card_of_adapter(card), arguments)
    return print_card(card_of_adapter(card, directory, read_own_words(directory)), arguments)


def _use(arguments: argparse.Namespace) -> int:
    with progress_share("Activating") as progress:
        report = training_backend_for(arguments).use(
            arguments.name or "", previous=arguments.previous, progress=progress
        )
    return print_report(report, arguments.json)


def _verify(arguments: argparse.Namespace) -> int:
    from .cards.verify import checks_of_adapter, print_checks

    adapter = _registry(arguments).find(arguments.name)
    facts = {"adapter": adapter.name, "ok": True, "files": len(adapter.card.files)}
    checks = checks_of_adapter(adapter, base_settings(arguments))
    return print_checks(facts, checks, as_json=arguments.json)


def _remove(arguments: argparse.Namespace) -> int:
    from jupyter_safecoder.finetune.jobs.backends import delete_adapter

    delete_adapter(base_settings(arguments).cache, arguments.name)
    return print_report({"removed": arguments.name}, arguments.json)


def _export(arguments: argparse.Namespace) -> int:
    from jupyter_safecoder.adapters.registry import export

    export(_registry(arguments).find(arguments.name), arguments.target)
    return print_report(
        {"adapter": arguments.name, "directory": str(arguments.target)}, arguments.json
    )


def _average(arguments: argparse.Namespace) -> int:
    return _combine(arguments, 1 / len(arguments.names))


def _sum(arguments: argparse.Namespace) -> int:
    return _combine(arguments, 1.0)


def _combine(arguments: argparse.Namespace, weight: float) -> int:
    from jupyter_safecoder.adapters.combine import combine_adapters

    adapters = [_registry(arguments).find(name) for name in arguments.names]
    for adapter in adapters:
        adapter.verify()
    directories = [adapter.directory for adapter in adapters]
    combine_adapters(directories, arguments.output, weight, arguments.rank)
    return print_report(
        {"adapters": arguments.names, "directory": str(arguments.output)}, arguments.json
    )


def _import(arguments: argparse.Namespace) -> int:
    from jupyter_safecoder.adapters.registry import read_card

    registry, card = _registry(arguments), read_card(arguments.source)
    if card is not None and arguments.name:
        card = replace(card, name=arguments.name)
    if card is None and arguments.name:
        from jupyter_safecoder.adapters.peft_import import card_for_peft_adapter
        from jupyter_safecoder.runtime.loading import resolve_base_model

        base = resolve_base_model(base_settings(arguments))
        sha256 = registry.base_hash(base)
        card = card_for_peft_adapter(
            arguments.source, arguments.name, base, sha256, getpass.getuser()
        )
    adapter = registry.import_(arguments.source, card)
    return print_report(
        {"adapter": adapter.name, "directory": str(adapter.directory)}, arguments.json
    )
