"""The arguments of ``finetune``, the same on the command line and in ``%safecoder``."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jupyter_safecoder.errors import InvalidArguments
from jupyter_safecoder.option import add_arguments, given_arguments

from .corpus.rules import CorpusRules
from .recipe import Recipe, check_settings, read_settings

#: Settings of a recipe that choose what is learned from.
_CORPUS_SETTINGS = ("own", "ours", "include_generated")
#: Arguments of version 0.1, with their present names.
_RENAMED = {"--hold": "--no-start", "--back": "--previous"}


def check_renamed(words: Sequence[str]) -> None:
    """Refuse arguments of version 0.1 that have another name now.

    Parameters
    ----------
    words
        The arguments of the command line, or of ``%safecoder``.

    Raises
    ------
    InvalidArguments
        With the first of them, and its name now.
    """
    for word in words:
        if word in _RENAMED:
            raise InvalidArguments(f"{word} was renamed to {_RENAMED[word]}.", "Rename it.")


def add_finetune_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``finetune``: what to learn, how, and how to run the job."""
    add_paths_argument(parser, "*")
    parser.add_argument("--name", required=True, help="name of the job and of its adapter")
    run = parser.add_mutually_exclusive_group()
    run.add_argument(
        "--wait", action="store_true", help="wait until training is done, and show the scores"
    )
    run.add_argument(
        "--no-start",
        action="store_true",
        help="create the job but do not start it: 'accelerate launch' does, on several machines",
    )
    parser.add_argument(
        "--processes",
        type=int,
        default=1,
        help="number of training processes, one for each GPU (default: 1)",
    )
    parser.add_argument(
        "--recipe", type=Path, metavar="FILE.toml", help="file with settings of the training"
    )
    add_arguments(parser, Recipe)


def add_corpus_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of a corpus alone: the files, and what the team says of them."""
    add_paths_argument(parser)
    parser.add_argument(
        "--recipe", type=Path, metavar="FILE.toml", help="file with settings of the corpus"
    )
    add_arguments(parser, Recipe, _CORPUS_SETTINGS)


def corpus_rules(arguments: argparse.Namespace) -> CorpusRules:
    """Return what the arguments of :func:`add_corpus_arguments` say of the files.

    Raises
    ------
    FinetuneError
        If the recipe's file or one of the settings is invalid.
    """
    settings = read_settings(arguments.recipe) if arguments.recipe else {}
    given = check_settings(given_arguments(arguments, Recipe), "the command")
    return CorpusRules.of(Recipe(**{**settings, **given}))


def add_paths_argument(parser: argparse.ArgumentParser, number: str = "+") -> None:
    """Add the argument for notebooks and directories.

    Parameters
    ----------
    parser
        Gets the argument.
    number
        ``+``: one path or more; ``*``: none is needed, because a recipe can name sources.
    """
    parser.add_argument(
        "paths",
        nargs=number,
        type=_path,
        metavar="PATH",
        help="notebooks, Python files, and directories of them",
    )


def recipe_settings(arguments: argparse.Namespace) -> dict[str, Any]:
    """Return the recipe settings that the arguments of ``finetune`` give.

    Raises
    ------
    FinetuneError
        If the recipe's file or one of the settings is invalid.
    """
    settings = read_settings(arguments.recipe) if arguments.recipe else {}
    given = given_arguments(arguments, Recipe)
    if "rank" in given:
        given["alpha"] = 2 * given["rank"]
    return {**settings, **check_settings(given, "the command")}


def _path(text: str) -> Path:
    return Path(text).expanduser()
