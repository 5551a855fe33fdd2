"""Stop rule: an answer ends before a line that commands the kernel, unless the user began it.

Such a line is no code of the language: it runs programs or changes the kernel as soon as the cell
is executed. Sources: IPython's ``inputtransformer2`` (escapes at the start of a line and after an
assignment, help at the end of one) and its prefilter (magics and aliases without ``%`` in cells of
one line), IJulia (shell, packages and help), .NET Interactive (``#!`` chooses a kernel).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from jupyter_safecoder.postprocess.cursor_context import CursorContext
from jupyter_safecoder.postprocess.lines import Line, StopDecision

_DOTNET = re.compile(r"\s*#!")
_COMMANDS: Mapping[str, re.Pattern[str]] = {
    "python": re.compile(
        r"\s*[%!?,;/]"
        r"|\s*[^\W\d](?:[\w.,\s*]|\[[^]=\n]*\])*=[ \t]*[%!]"
        r"|\s*[%\w.*\[\]]+\?{1,2}\s*$"
    ),
    "julia": re.compile(r"\s*[;\]?]"),
    "c#": _DOTNET,
    "f#": _DOTNET,
    "powershell": _DOTNET,
}
#: Aliases and magics that IPython runs without an escape if they are all of a cell.
_AUTOMAGIC = re.compile(
    r"(?:cat|cd|conda|cp|env|less|ls|ll|load|mamba|micromamba|mkdir|more|mv|pip|rm|rmdir|run|sx"
    r"|sc|system|uv)[ \t]+(?!(?:in|is|and|or|not|if|else|for)\b)(?:-?\w|[./~\"'$*])"
)


def command(lines: Sequence[Line], context: CursorContext) -> StopDecision | None:
    """End before a line that commands the kernel and that the user has not begun."""
    line, pattern = lines[-1], _COMMANDS.get(context.language)
    if pattern is None or line.before.inside or line.before.comment:
        return None
    begun = context.line if line.first else ""
    if pattern.match(begun):
        return None
    if pattern.match(line.text) and not (line.after.quote or line.after.comment):
        return StopDecision(line.start, "command")
    if (
        context.language == "python"
        and _is_head(line, lines, context)
        and _AUTOMAGIC.match(line.text)
    ):
        return StopDecision(line.start, "command")
    return None


def _is_head(line: Line, lines: Sequence[Line], context: CursorContext) -> bool:
    """Return whether only blank lines are before a line in its cell, and nothing of it is typed."""
    above = context.above or any(not earlier.blank for earlier in lines[:-1])
    return not above and (context.blank or not line.first)
