"""Makes a notebook of an example script: Sphinx-Gallery's blocks, or jupytext's percent format.

A block starts at a line ``# %%`` or at a line of twenty ``#`` or more. The comment below it is
text, what follows is code; the docstring of the script is text, too. Code has a cell for each
paragraph, as in jupytext's light format. Sources: the syntax of Sphinx-Gallery
(https://sphinx-gallery.github.io/stable/syntax.html), the formats of jupytext
(https://jupytext.readthedocs.io/en/latest/formats-scripts.html).
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import Any

_SEPARATOR = re.compile(r"# ?%%(?P<title>.*)|#{20,}\s*$")
#: Shorter paragraphs stay with the next one.
_MIN_LINES = 3


def gallery_notebook(source: str) -> dict[str, Any]:
    """Return the notebook of a script, in version 4 of its format.

    Raises
    ------
    SyntaxError
        If the script is not Python.
    """
    text, start = _docstring(source)
    cells = [_cell("markdown", text)] if text else []
    block: list[str] = []
    for line in source.split("\n")[start:]:
        if separator := _SEPARATOR.match(line):
            cells += _cells_of_block(block)
            block = [f"# {(separator['title'] or '').strip()}"]
        else:
            block.append(line)
    cells += _cells_of_block(block)
    metadata = {"language_info": {"name": "python"}}
    return {"nbformat": 4, "nbformat_minor": 5, "metadata": metadata, "cells": cells}


def _docstring(source: str) -> tuple[str, int]:
    """Return the docstring of a script, and the number of the first line after it."""
    tree = ast.parse(source)
    text = ast.get_docstring(tree)
    return (text, tree.body[0].end_lineno or 1) if text else ("", 0)


def _cells_of_block(lines: list[str]) -> Iterator[dict[str, Any]]:
    """Yield the text and the code of a block."""
    code = next((i for i, line in enumerate(lines) if not line.startswith("#")), len(lines))
    text = "\n".join(line[1:].removeprefix(" ") for line in lines[:code]).strip()
    if text:
        yield _cell("markdown", text)
    for paragraph in _paragraphs(lines[code:]):
        yield _cell("code", paragraph)


def _paragraphs(lines: list[str]) -> Iterator[str]:
    """Yield the paragraphs of code that are Python by themselves, the last one whatever it is."""
    paragraph: list[str] = []
    for index, line in enumerate(lines):
        follows = next((other for other in lines[index:] if other.strip()), "")
        is_end = not line.strip() and not follows.startswith((" ", "\t", ")", "]", "}"))
        if is_end and len(paragraph) >= _MIN_LINES and _is_python(paragraph):
            yield "\n".join(paragraph).rstrip()
            paragraph = []
        elif line.strip() or paragraph:
            paragraph.append(line)
    if rest := "\n".join(paragraph).strip():
        yield rest


def _is_python(lines: list[str]) -> bool:
    try:
        ast.parse("\n".join(lines))
    except SyntaxError:
        return False
    return True


def _cell(kind: str, source: str) -> dict[str, Any]:
    cell: dict[str, Any] = {"cell_type": kind, "metadata": {}, "source": source}
    return {**cell, "outputs": [], "execution_count": None} if kind == "code" else cell
