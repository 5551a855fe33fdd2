"""The arguments of ``%safecoder``, as argparse reads them; errors are one sentence."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Sequence
from typing import NoReturn

from jupyter_safecoder.errors import InvalidArguments

#: Command to what it does, in the order in which people need them.
COMMANDS = {
    "complete": "complete code that you give",
    "corpus": "what would be learned of your notebooks, and what is left out",
    "finetune": "train an adapter on your notebooks",
    "jobs": "what trains, and what has",
    "stop": "write a checkpoint and stop a job",
    "resume": "go on with a job from its last checkpoint",
    "delete": "delete a job, and the adapter that it made",
    "adapters": "the adapters that there are",
    "use": "serve the model with an adapter, or as it is",
    "evaluate": "ask the model as it is served now about notebooks",
    "report": "the card of an adapter: curves, scores, examples",
}


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise InvalidArguments(
            f"{message[0].upper()}{message[1:]}. '%safecoder --help' shows the way."
        )

    def exit(self, status: int = 0, message: str | None = None) -> NoReturn:
        raise SystemExit(status)


def make_parser() -> argparse.ArgumentParser:
    """Return the parser of a line behind ``%safecoder``."""
    parser = _Parser(
        prog="%safecoder",
        description="The private code assistant. Without a command: its state, model and adapters.",
    )
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", parser_class=_Parser)
    made = {
        name: commands.add_parser(name, help=what, description=what)
        for name, what in COMMANDS.items()
    }
    made["complete"].add_argument("code", nargs="*", help="code up to the cursor")
    for name in ("corpus", "finetune", "evaluate"):
        # A recipe may name sources itself.
        number = "*" if name == "finetune" else "+"
        made[name].add_argument(
            "paths", nargs=number, metavar="PATH", help="notebooks, directories"
        )
    finetune = made["finetune"]
    finetune.add_argument("--name", required=True, help="of the adapter")
    finetune.add_argument("--wait", action="store_true", help="until it is done")
    finetune.add_argument("--recipe", metavar="FILE.toml", help="settings of the training")
    finetune.add_argument("--minutes", type=float, help="for the whole run (9)")
    finetune.add_argument("--steps", type=int, help="exactly so many steps")
    finetune.add_argument("--epochs", type=int, help="most passes over the corpus (6)")
    finetune.add_argument("--rank", type=int, help="of the adapter (16)")
    finetune.add_argument("--seed", type=int, help="of cuts, order and adapter (0)")
    finetune.add_argument("--processes", type=int, default=1, help="one for each GPU (1)")
    for name in ("stop", "resume", "delete", "report"):
        made[name].add_argument("name", metavar="NAME")
    use = made["use"].add_mutually_exclusive_group(required=True)
    use.add_argument("name", nargs="?", metavar="NAME")
    use.add_argument("--base", action="store_true", help="the model as it is")
    use.add_argument("--back", action="store_true", help="what was in use before")
    return parser


def parse(line: str, parser: argparse.ArgumentParser) -> argparse.Namespace:
    """Return the arguments of a line.

    Raises
    ------
    InvalidArguments
        If it has others.
    """
    try:
        words = shlex.split(line)
    except ValueError as error:
        raise InvalidArguments(f"The line cannot be read: {error}.") from None
    return parser.parse_args(words)


def complete_words(words: Sequence[str], jobs: Sequence[str], adapters: Sequence[str]) -> list[str]:
    """Return what may follow the words of a line: commands, names and options."""
    if len(words) < 2:
        return [*COMMANDS, "--help"]
    names = {"use": [*adapters, "--base", "--back"], "report": adapters}
    names |= {"stop": jobs, "resume": jobs, "delete": jobs}
    names["finetune"] = [
        "--name",
        "--wait",
        "--recipe",
        "--minutes",
        "--steps",
        "--epochs",
        "--rank",
        "--seed",
        "--processes",
    ]
    return list(names.get(words[0], []))
