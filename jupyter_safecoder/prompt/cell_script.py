"""Writes cells as a script, for models that were not trained on the cells of notebooks.

The script is in the percent format of Jupytext, Spyder and VS Code: ``# %%`` opens a cell, text is
commented out. Outputs, which that format lacks, are comments as well.
"""

from __future__ import annotations

from jupyter_safecoder.languages import language_of, syntax_rules
from jupyter_safecoder.protocol import Cell

#: The comment of languages that have none up to the end of a line.
_NO_COMMENT = "#"


def code_cell_marker(language: str) -> str:
    """Return the line that opens a code cell."""
    return f"{comment_start(language)} %%\n"


def cell_text(cell: Cell, output: str, language: str) -> str:
    """Return the lines of a cell.

    Parameters
    ----------
    cell
        A code or markdown cell.
    output
        Its output, shortened; empty: none.
    language
        Language of the kernel.
    """
    comment = comment_start(language)
    source = cell.source.strip()
    if cell.type == "markdown":
        return f"{comment} %% [markdown]\n{_comment_out(source, comment)}\n\n"
    output_lines = f"{_comment_out(output, f'{comment} =>')}\n" if output else ""
    return f"{code_cell_marker(language)}{source}\n{output_lines}\n"


def comment_start(language: str) -> str:
    """Return what starts a line comment."""
    return next(iter(syntax_rules(language_of(language)).comments), _NO_COMMENT)


def _comment_out(text: str, comment: str) -> str:
    return "\n".join(f"{comment} {line}".rstrip() for line in text.split("\n"))
