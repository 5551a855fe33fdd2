"""Notebooks of example scripts."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.context.gallery import gallery_notebook
from jupyter_safecoder.notebooks import read_cells
from tests.support.notebook_files import write_notebook

SCRIPT = '''"""
Title
=====
"""

# %% Load the data
# of two meters:

import pandas as pd
frame = pd.DataFrame()

# a comment
for name in frame:
    print(name)

    print(frame[name])

####################
# The last block.

text = """

unfinished"""
total = 1
'''
CELLS = [
    ("markdown", "Title\n====="),
    ("markdown", "Load the data\nof two meters:"),
    (
        "code",
        "import pandas as pd\nframe = pd.DataFrame()\n\n"
        "# a comment\nfor name in frame:\n    print(name)\n\n    print(frame[name])",
    ),
    ("markdown", "The last block."),
    ("code", 'text = """\n\nunfinished"""\ntotal = 1'),
]


def test_blocks_are_text_and_paragraphs_of_code(tmp_path: Path) -> None:
    notebook = gallery_notebook(SCRIPT)
    cells = [(cell["cell_type"], cell["source"]) for cell in notebook["cells"]]
    assert cells == CELLS
    path = write_notebook(tmp_path / "n.ipynb", *cells, **notebook["metadata"])
    assert [cell.source for cell in read_cells(path)[0]] == [source for _, source in CELLS]


def test_code_has_a_cell_for_each_longer_paragraph() -> None:
    script = "a = 1\nb = 2\nc = 3\n\nshow(\n    a,\n\n    b,\n)\n\n\nd = 4\n"
    sources = [cell["source"] for cell in gallery_notebook(script)["cells"]]
    assert sources == ["a = 1\nb = 2\nc = 3", "show(\n    a,\n\n    b,\n)", "d = 4"]


def test_a_script_without_docstring_or_code() -> None:
    assert gallery_notebook("")["cells"] == []
    assert gallery_notebook("# %%\n# Text.\n")["cells"][0]["source"] == "Text."


def test_what_is_no_python() -> None:
    with pytest.raises(SyntaxError):
        gallery_notebook("def (:")
