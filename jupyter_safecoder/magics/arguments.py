"""The arguments of ``%safecoder``, parsed by argparse; an error is one sentence."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Sequence
from typing import NoReturn

from jupyter_safecoder.errors import InvalidArguments
from jupyter_safecoder.finetune.arguments import (
    add_corpus_arguments,
    add_finetune_arguments,
    check_renamed,
)

#: What each command does, in the order in which users need them.
COMMANDS = {
    "complete": "complete code",
    "corpus": "show what would be learned from notebooks, and what is left out",
    "finetune": "train an adapter on notebooks",
    "jobs": "list training jobs",
    "stop": "write a checkpoint and stop a job",
    "resume": "continue a job from its last checkpoint",
    "delete": "delete a job and its adapter",
    "adapters": "list adapters",
    "use": "serve the model with an adapter, or without one",
    "evaluate": "evaluate the served model on notebooks",
    "report": "show the card of an adapter: scores and losses",
}


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise InvalidArguments(
            f"{message[0].upper()}{message[1:]}.", "'%safecoder --help' lists the commands."
        )

    def exit(self, status: int = 0, message: str | None = None) -> NoReturn:
        raise SystemExit(status)


class MagicArguments:
    """Parses and completes the line after ``%safecoder``."""

    def __init__(self) -> None:
        self.parser: argparse.ArgumentParser = _Parser(
            prog="%safecoder",
            description="The private code assistant. Without a command: the status of the runtime, "
            "the model and the adapters.",
        )
        parsers = self.parser.add_subparsers(
            dest="command", metavar="COMMAND", parser_class=_Parser
        )
        self._commands: dict[str, argparse.ArgumentParser] = {
            name: parsers.add_parser(name, help=text, description=text)
            for name, text in COMMANDS.items()
        }
        self._commands["complete"].add_argument("code", nargs="*", help="code up to the cursor")
        add_finetune_arguments(self._commands["finetune"])
        for name in ("corpus", "evaluate"):
            add_corpus_arguments(self._commands[name])
        for name in ("stop", "resume", "delete", "report"):
            self._commands[name].add_argument("name", metavar="NAME")
        adapter = self._commands["use"].add_mutually_exclusive_group(required=True)
        adapter.add_argument("name", nargs="?", metavar="NAME", help="name of the adapter")
        adapter.add_argument(
            "--base", action="store_true", help="the base model without an adapter"
        )
        adapter.add_argument(
            "--previous", action="store_true", help="the adapter that was active before this one"
        )

    def parse(self, line: str) -> argparse.Namespace:
        """Return the arguments of a line.

        Raises
        ------
        InvalidArguments
            If they are invalid.
        SystemExit
            If the line asks for help, which is printed.
        """
        try:
            words = shlex.split(line)
        except ValueError as error:
            raise InvalidArguments(f"The line cannot be read: {error}.") from None
        check_renamed(words)
        return self.parser.parse_args(words)

    def complete(
        self, command: str, jobs: Sequence[str] = (), adapters: Sequence[str] = ()
    ) -> list[str]:
        """Return the words that may follow a command.

        Parameters
        ----------
        command
            The command; empty: the commands themselves.
        jobs, adapters
            Names of the user's jobs and adapters.
        """
        if not command:
            return [*COMMANDS, "--help"]
        names = {"use": adapters, "report": adapters}
        names |= dict.fromkeys(("stop", "resume", "delete"), jobs)
        return [*names.get(command, ()), *self._flags(command)]

    def _flags(self, command: str) -> list[str]:
        parser = self._commands.get(command)
        flags = [] if parser is None else list(parser._option_string_actions)
        return [flag for flag in flags if flag.startswith("--") and flag != "--help"]
