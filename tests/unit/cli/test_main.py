"""The command line: commands, exit status, errors."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from jupyter_safecoder.cli import main as module
from jupyter_safecoder.cli.main import build_parser, main
from jupyter_safecoder.errors import ModelError


def _commands(parser: argparse.ArgumentParser, prefix: str = "") -> Iterator[tuple[str, Any]]:
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for name, command in action.choices.items():
                yield from _commands(command, f"{prefix}{name} ")
            return
    yield prefix.strip(), parser


COMMANDS = dict(_commands(build_parser()))


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_runs_something_and_has_help(name: str) -> None:
    command = COMMANDS[name]
    assert callable(command.get_default("run"))
    assert command.description
    for action in command._actions:
        assert action.help or not action.option_strings, f"{name} {action.dest}"


def _main_with(run: Callable[[Any], int | None], monkeypatch: pytest.MonkeyPatch) -> int:
    parser = argparse.ArgumentParser()
    parser.set_defaults(run=run)
    monkeypatch.setattr(module, "build_parser", lambda: parser)
    return main([])


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (["finetune", "x", "--name", "a", "--hold"], "--hold was renamed to --no-start."),
        (["adapter", "use", "--back"], "--back was renamed to --previous."),
        (["bench", "train", "x"], "Run 'python -m benchmarks train' in a clone of the project."),
    ],
)
def test_arguments_of_version_0_1_are_refused(
    words: list[str], error: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words) == 1
    assert error in capsys.readouterr().err


@pytest.mark.parametrize(("returned", "status"), [(None, 0), (0, 0), (3, 3)])
def test_the_exit_status(
    monkeypatch: pytest.MonkeyPatch, returned: int | None, status: int
) -> None:
    assert _main_with(lambda arguments: returned, monkeypatch) == status


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (ModelError("No model.", "Take one."), "No model. Take one.\n"),
        (KeyboardInterrupt(), "Interrupted.\n"),
    ],
)
def test_an_error_is_one_line(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    error: BaseException,
    text: str,
) -> None:
    def fail(arguments: Any) -> int:
        raise error

    assert _main_with(fail, monkeypatch) == 1
    assert capsys.readouterr().err == text


def test_an_unknown_command(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as raised:
        main(["dance"])
    assert raised.value.code == 2
    assert "complete" in capsys.readouterr().err


def test_output_that_nobody_reads_is_no_error(tmp_path: Path) -> None:
    text = tmp_path / "text.py"
    text.write_text("password = 'Geheim77x'\n")
    reader, writer = os.pipe()
    os.close(reader)
    command = [sys.executable, "-m", "jupyter_safecoder", "secrets", str(text)]
    result = subprocess.run(command, stdout=writer, stderr=subprocess.PIPE, text=True)
    os.close(writer)
    assert (result.returncode, result.stderr) == (1, "")
