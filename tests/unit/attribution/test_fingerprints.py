"""What an index takes from files: notebooks, encodings, licenses."""

from __future__ import annotations

import json

import pytest

from jupyter_safecoder.attribution.fingerprints import file_print, text_of
from jupyter_safecoder.attribution.sources import SourceFile


def notebook(*sources: object, **metadata: object) -> bytes:
    cells = [{"cell_type": "code", "source": source} for source in sources]
    cells.append({"cell_type": "markdown", "source": "text"})
    return json.dumps({"cells": cells, "metadata": metadata}).encode()


def test_the_code_of_a_notebook() -> None:
    content = notebook(["a = 1\n", "b"], "c", kernelspec={"language": "julia", "name": "x"})
    assert text_of(SourceFile("a.ipynb", content)) == ("a = 1\nb\nc", "julia")


def test_a_notebook_of_version_3() -> None:
    cells = [{"cell_type": "code", "input": "a"}]
    content = json.dumps({"worksheets": [{"cells": cells}]}).encode()
    assert text_of(SourceFile("a.ipynb", content))[0] == "a"


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b'{"cells": [1]}', b"[" * 9999, b"\xff"])
def test_what_is_no_notebook_has_no_code(content: bytes) -> None:
    assert text_of(SourceFile("a.ipynb", content)) == ("", "python")


def test_encodings() -> None:
    latin = "# -*- coding: latin-1 -*-\nx = 'é'\n"
    assert text_of(SourceFile("a.py", latin.encode("latin-1"))) == (latin, "python")
    assert text_of(SourceFile("a.py", b"# coding: nonsense\n"))[1] == "python"
    assert text_of(SourceFile("a.js", b"let x = '\xff';")) == ("let x = '\ufffd';", "javascript")


def test_the_license_of_a_file_comes_first() -> None:
    text = b"# SPDX-License-Identifier: GPL-3.0-only\nx = compute(1)\n"
    taken = file_print(SourceFile("a.py", text), "one", "MIT")
    assert (taken.source, taken.path, taken.license) == ("one", "a.py", "GPL-3.0-only")
    assert taken.size == len(text)
    assert taken.characters.data == b"#SPDX-License-Identifier:GPL-3.0-onlyx=compute(1)"
    assert len(taken.line_hashes) == 2
    assert file_print(SourceFile("a.py", b"x"), "one", "MIT").license == "MIT"
