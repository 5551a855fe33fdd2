"""``jupyter safecoder attribution build | find | list | optout``."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path
from typing import Any

from jupyter_safecoder.cli.options import add_command, settings
from jupyter_safecoder.cli.output import (
    print_line,
    print_report,
    print_table,
    progress_share,
)
from jupyter_safecoder.errors import InvalidArguments
from jupyter_safecoder.extras import require_numpy
from jupyter_safecoder.option import add_arguments
from jupyter_safecoder.settings import RuntimeSettings


def add_attribution_commands(commands: Any) -> None:
    """Add the commands that find where code comes from."""
    parser = commands.add_parser("attribution", help="where code comes from, and whose it is")
    topics = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    build = add_command(topics, "build", _build, "make an index of source code")
    build.add_argument(
        *("corpora",),
        type=Path,
        nargs="*",
        metavar="CORPUS",
        help="folder, source file, notebook, wheel, source distribution or ZIP",
    )
    build.add_argument(
        "--model", help="fetch and index the sources that a model was trained on", metavar="NAME"
    )
    build.add_argument("--output", type=Path, metavar="FILE", help="file of the index")
    build.add_argument("--name", default="", help="name of the source (default: the folder's)")
    _add_cache(build)
    find = add_command(topics, "find", _find, "show which models, adapters and indexes have a file")
    find.add_argument("files", type=Path, nargs="+", metavar="FILE", help="notebook or source file")
    find.add_argument(
        "--index",
        type=Path,
        action="append",
        metavar="INDEX",
        help="file of an index, instead of all of the cache directory; may be given several times",
    )
    _add_cache(find)
    _add_cache(add_command(topics, "list", _list, "list indexes"))
    optout = topics.add_parser("optout", help="files that are not to be learned from")
    optout = optout.add_subparsers(title="commands", required=True, metavar="COMMAND")
    for name, run, text in (
        ("add", _add_optout, "leave files, and copies of them, out of trainings"),
        ("remove", _remove_optout, "let trainings learn from files again"),
    ):
        command = add_command(optout, name, run, text)
        command.add_argument("paths", type=Path, nargs="+", metavar="PATH", help="file or folder")
        _add_cache(command)
    _add_cache(add_command(optout, "list", _list_optout, "list the files, and who used them"))


def _add_cache(parser: argparse.ArgumentParser) -> None:
    add_arguments(parser, RuntimeSettings, ("cache_dir",))


def _cache(arguments: argparse.Namespace) -> Path:
    """Return the cache directory, if what is in it can be used here."""
    require_numpy()
    return settings(arguments).cache


def _build(arguments: argparse.Namespace) -> int:
    cache = _cache(arguments)
    from jupyter_safecoder.attribution.build import build_index
    from jupyter_safecoder.attribution.store import index_path

    from .model_sources import fetch_sources

    corpora, name = list(arguments.corpora), arguments.name
    if bool(corpora) == bool(arguments.model):
        raise InvalidArguments("Name either a CORPUS or --model.")
    stored = name or (arguments.model or corpora[0].resolve().stem)
    if arguments.model:
        with progress_share("Fetching") as progress:
            corpora = fetch_sources(arguments.model, cache, progress)
    output = arguments.output or index_path(cache, Path(stored).name)
    with progress_share("Reading") as change:

        def on_bytes(done: int, total: int) -> None:
            change(done / max(1, total), f"{done / 1e6:.0f} of {total / 1e6:.0f} MB")

        report = build_index(corpora, output, name, on_bytes, stored=stored)
    share = round(report.index_bytes / max(1, report.source_bytes), 4)
    content = {"index": str(output), **asdict(report), "share": share}
    return print_report(content, arguments.json)


def _find(arguments: argparse.Namespace) -> int:
    cache = _cache(arguments)
    from .find import find_in_indexes, indexes_of, models_without_index

    indexes = indexes_of(cache, arguments.index or ())
    found = [one for path in arguments.files for one in find_in_indexes(path, indexes)]
    unknown = [] if arguments.index else models_without_index(cache)
    if arguments.json:
        return print_report({"files": found, "not_indexed": unknown}, as_json=True)
    for one in found:
        print_line(f"{one['file']} in {one['kind']} {one['index']}: {one['share']:.0%}")
        if one["matches"]:
            print_table(one["matches"])
    for name in unknown:
        print_line(f"{name}: no index; 'jupyter safecoder attribution build --model {name}'")
    return 0


def _list(arguments: argparse.Namespace) -> int:
    cache = _cache(arguments)
    from .find import listed_indexes

    rows = listed_indexes(cache)
    if arguments.json:
        return print_report({"indexes": rows}, as_json=True)
    print_table(rows)
    return 0


def _add_optout(arguments: argparse.Namespace) -> int:
    cache = _cache(arguments)
    from jupyter_safecoder.attribution.optout import OptOutList

    from .find import optout_row

    added = [OptOutList(cache).add(path) for path in arguments.paths]
    return _print_optout([optout_row(one, cache) for one in added], arguments.json)


def _remove_optout(arguments: argparse.Namespace) -> int:
    cache = _cache(arguments)
    from jupyter_safecoder.attribution.optout import OptOutList

    removed = [OptOutList(cache).remove(path) for path in arguments.paths]
    return print_report({"removed": [one.path for one in removed]}, arguments.json)


def _list_optout(arguments: argparse.Namespace) -> int:
    cache = _cache(arguments)
    from jupyter_safecoder.attribution.optout import OptOutList

    from .find import optout_row

    rows = [optout_row(one, cache) for one in OptOutList(cache).entries()]
    return _print_optout(rows, arguments.json)


def _print_optout(rows: list[dict[str, Any]], as_json: bool) -> int:
    if as_json:
        return print_report({"opted_out": rows}, as_json=True)
    print_table([{**row, "adapters": ", ".join(row["adapters"])} for row in rows])
    return 0
