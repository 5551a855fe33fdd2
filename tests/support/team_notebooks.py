"""Notebooks of a team, made for tests."""

from __future__ import annotations

from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook


def write_notebook(path: Path, *sources: str, markdown: str = "", language: str = "python") -> Path:
    """Write a notebook with these code cells."""
    cells = [new_markdown_cell(markdown)] if markdown else []
    cells += [new_code_cell(source) for source in sources]
    notebook = new_notebook(cells=cells, metadata={"language_info": {"name": language}})
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook, path)
    return path


def write_team(directory: Path, number: int = 6) -> Path:
    """Write notebooks of the same style with different content."""
    words = ("rain", "wind", "load", "heat", "snow", "tide", "fog", "sun", "dew", "ice")
    for index in range(number):
        word, other = words[index % 10], words[(index * 3 + 1) % 10]
        write_notebook(
            directory / f"{word}.ipynb",
            f"import teamkit as tk\n\nrun = tk.open_run('{word}', year={2010 + index})",
            f"{word} = run.load('{other}', clean=True)\nrun.expect(len({word}) > {index * 7 + 3})",
            f"for {other} in {word}.columns:\n    tk.plot({word}[{other}], unit='{other}{index}')",
            f"def {word}_{other}(limit={index}):\n    return tk.where({word}, above=limit)",
            f"run.close(by=tk.me(), note='{other} and {word}')",
            markdown=f"# About {word}",
        )
    return directory
