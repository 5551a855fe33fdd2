"""A cell in a script, for models that never saw the cells of notebooks.

The percent format of Jupytext, Spyder and VS Code: ``# %%`` opens a cell, text is commented out.
Outputs, which that format lacks, are comments as well.
"""

from __future__ import annotations

from jupyter_safecoder.protocol import Cell

#: What comments a line out, for kernels where it is not ``#``.
_COMMENTS = {
    **dict.fromkeys(("sql", "haskell", "lua"), "--"),
    **dict.fromkeys(
        ("c", "c++", "c#", "csharp", "go", "groovy", "java", "javascript", "kotlin", "rust"), "//"
    ),
    **dict.fromkeys(("scala", "swift", "typescript", "fsharp", "php"), "//"),
    **dict.fromkeys(("matlab", "octave", "prolog"), "%"),
}


def opening(language: str) -> str:
    """Return the line that opens a code cell."""
    return f"{_comment(language)} %%\n"


def cell_text(cell: Cell, output: str, language: str) -> str:
    """Return the lines of a cell, its output included."""
    comment = _comment(language)
    source = cell.source.strip()
    if cell.type == "markdown":
        return f"{comment} %% [markdown]\n{_commented(source, comment)}\n\n"
    shown = f"{_commented(output, f'{comment} =>')}\n" if output else ""
    return f"{opening(language)}{source}\n{shown}\n"


def _comment(language: str) -> str:
    return _COMMENTS.get(language, "#")


def _commented(text: str, comment: str) -> str:
    return "\n".join(f"{comment} {line}".rstrip() for line in text.split("\n"))
