"""The line after ``%safecoder`` is parsed and completed."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from jupyter_safecoder.errors import InvalidArguments
from jupyter_safecoder.finetune.arguments import add_finetune_arguments
from jupyter_safecoder.magics.arguments import COMMANDS, MagicArguments

ARGUMENTS = MagicArguments()


def test_a_line() -> None:
    parsed = ARGUMENTS.parse("finetune 'my notebooks' --name ours --steps 3")
    assert (parsed.command, parsed.paths, parsed.steps) == ("finetune", [Path("my notebooks")], 3)
    assert ARGUMENTS.parse("").command is None


@pytest.mark.parametrize(
    "line", ["dance", "use", "use a --base", "use --base --previous", "corpus", "corpus 'x", "stop"]
)
def test_lines_that_are_refused(line: str) -> None:
    with pytest.raises(InvalidArguments) as raised:
        ARGUMENTS.parse(line)
    assert "\n" not in str(raised.value)


def test_an_argument_of_version_0_1_is_refused_with_its_name_now() -> None:
    with pytest.raises(InvalidArguments, match="--back was renamed to --previous"):
        ARGUMENTS.parse("use --back")


def test_every_command_has_a_method_and_help() -> None:
    from jupyter_safecoder.magics.magic import SafeCoderMagics

    for command in COMMANDS:
        assert hasattr(SafeCoderMagics, f"_run_{command}")
        with pytest.raises(SystemExit):
            ARGUMENTS.parse(f"{command} --help")


def test_the_arguments_of_finetune_are_those_of_the_command_line() -> None:
    parser = argparse.ArgumentParser()
    add_finetune_arguments(parser)
    flags = {flag for flag in parser._option_string_actions if flag.startswith("--")} - {"--help"}
    assert set(ARGUMENTS.complete("finetune")) == flags


def test_completions() -> None:
    assert ARGUMENTS.complete("") == [*COMMANDS, "--help"]
    assert ARGUMENTS.complete("use", ["job"], ["ours"]) == ["ours", "--base", "--previous"]
    assert ARGUMENTS.complete("report", ["job"], ["ours"]) == ["ours"]
    for command in ("stop", "resume", "delete"):
        assert ARGUMENTS.complete(command, ["job"], ["ours"]) == ["job"]
    assert ARGUMENTS.complete("jobs", ["job"], ["ours"]) == []
    assert ARGUMENTS.complete("dance") == []
