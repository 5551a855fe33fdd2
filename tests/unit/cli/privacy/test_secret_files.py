"""Files are searched: notebooks with all their outputs, scripts, and other text."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from jupyter_safecoder.cli.privacy.secret_files import FoundSecret, scan_file
from jupyter_safecoder.errors import NotebookError, UnusableFile
from jupyter_safecoder.secrets.cell import MAX_CHARACTERS


def test_a_notebook_with_several_outputs(tmp_path: Path) -> None:
    outputs = [
        new_output("stream", text="one\n"),
        new_output(
            "display_data", {"text/html": "<password>Abend77x</password>", "text/plain": "a"}
        ),
        new_output("error", ename="E", evalue="v", traceback=["password: Geheim77x"]),
    ]
    cells = [new_markdown_cell("PIN: 471188"), new_code_cell("a\nb", outputs=outputs)]
    path = tmp_path / "a.ipynb"
    nbformat.write(new_notebook(cells=cells), path)
    scanned = scan_file(path)
    assert scanned.found == (
        FoundSecret(0, 1, "pin", 5, 11),
        FoundSecret(1, 5, "password", 10, 19),
        FoundSecret(1, 6, "password", 10, 18),
    )
    assert (scanned.lines, scanned.left_out) == (7, ())


@pytest.mark.parametrize("name", ["a.py", ".env", "a.txt"])
def test_a_text_file(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_text("# one\nDB_PASSWORD='Geheim77x'\n")
    scanned = scan_file(path)
    assert scanned.found == (FoundSecret(None, 2, "password", 13, 22),)
    assert scanned.lines == 2


def test_a_long_file_is_read_in_blocks(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    line = "y" * 999
    path.write_text("\n".join([*[line] * 250, "password: Geheim77x", *[line] * 9]))
    scanned = scan_file(path)
    assert scanned.found == (FoundSecret(None, 251, "password", 10, 19),)
    assert (scanned.lines, scanned.left_out) == (260, ())


def test_what_is_too_large_is_reported(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("x\n" + "y" * (MAX_CHARACTERS + 1) + "\npassword: Geheim77x")
    scanned = scan_file(path)
    assert scanned.left_out == ((None, "too large: left out"),)
    assert [one.line for one in scanned.found] == [3]


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "a.ipynb").write_text("{}")
    (tmp_path / "a.bin").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(NotebookError, match="not a Jupyter notebook"):
        scan_file(tmp_path / "a.ipynb")
    with pytest.raises(UnusableFile, match="not text in UTF-8"):
        scan_file(tmp_path / "a.bin")
    with pytest.raises(UnusableFile, match="No such file"):
        scan_file(tmp_path / "b.txt")
