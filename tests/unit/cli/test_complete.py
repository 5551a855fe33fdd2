"""The arguments of ``complete`` and ``infill`` as options of a completion."""

from __future__ import annotations

import pytest

from jupyter_safecoder.cli.complete import _completion_options
from jupyter_safecoder.cli.main import build_parser
from jupyter_safecoder.protocol import CompletionOptions

POSITION = ("n.ipynb", "--cell", "1", "--line", "2", "--column", "3")


@pytest.mark.parametrize(
    ("arguments", "options"),
    [
        ((), CompletionOptions()),
        (("--layout", "psm"), CompletionOptions(layout="psm")),
        (("--max-tokens", "5", "--mode", "line"), CompletionOptions(None, 5, "line")),
        (("--raw",), CompletionOptions(rules=False)),
    ],
)
def test_options(arguments: tuple[str, ...], options: CompletionOptions) -> None:
    parsed = build_parser().parse_args(["complete", *POSITION, *arguments])
    assert (parsed.cell, parsed.line, parsed.column) == (1, 2, 3)
    assert _completion_options(parsed, raw=False) == options


@pytest.mark.parametrize("arguments", [("--layout", "odd"), ("--mode", "page"), ("--cell", "x")])
def test_arguments_that_do_not_fit(
    capsys: pytest.CaptureFixture[str], arguments: tuple[str, str]
) -> None:
    with pytest.raises(SystemExit):
        build_parser().parse_args(["complete", *POSITION, *arguments])
    assert arguments[0] in capsys.readouterr().err
