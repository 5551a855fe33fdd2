"""``jupyter safecoder``: parses the command line, runs the command, prints errors."""

from __future__ import annotations

import argparse
import os
import sys
from io import TextIOWrapper

from jupyter_safecoder._version import __version__
from jupyter_safecoder.errors import SafeCoderError
from jupyter_safecoder.finetune.arguments import check_renamed

from .adapters import add_adapter_commands
from .attribution import add_attribution_commands
from .audit import add_audit_commands
from .bench import add_bench_commands, check_moved
from .catalogue import add_catalogue_commands
from .complete import add_complete_commands
from .doctor import add_doctor_command
from .finetune import add_finetune_commands
from .hub import add_hub_commands
from .models import add_model_commands
from .output import print_error
from .privacy import add_privacy_commands, add_secrets_command
from .serve import add_serve_command
from .tasks import add_tasks_commands


def main(arguments: list[str] | None = None) -> int:
    """Run a command; returns the exit status.

    Parameters
    ----------
    arguments
        The command line without the program; ``None``: that of this process.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            # A character that the terminal lacks becomes a question mark, not a traceback.
            stream.reconfigure(errors="replace")
    try:
        words = sys.argv[1:] if arguments is None else arguments
        check_renamed(words)
        check_moved(words)
        parsed = build_parser().parse_args(words)
        return int(parsed.run(parsed) or 0)
    except SafeCoderError as error:
        print_error(error.reason, error.remedy)
    except KeyboardInterrupt:
        print_error("Interrupted.")
    except BrokenPipeError:
        # After ``| head`` no process reads the rest; at its end, the interpreter must not write it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 1


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of all commands."""
    parser = argparse.ArgumentParser(
        prog="jupyter safecoder", description="The private code assistant for Jupyter."
    )
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    add_complete_commands(commands)
    add_tasks_commands(commands)
    add_catalogue_commands(add_model_commands(commands))
    add_finetune_commands(commands)
    add_secrets_command(commands)
    add_privacy_commands(commands)
    add_adapter_commands(commands)
    add_attribution_commands(commands)
    add_bench_commands(commands)
    add_hub_commands(commands)
    add_audit_commands(commands)
    add_doctor_command(commands)
    add_serve_command(commands)
    return parser


if __name__ == "__main__":
    sys.exit(main())
