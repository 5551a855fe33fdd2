"""Snippets of notebooks and scripts."""

from __future__ import annotations

import json
from typing import Any

import pytest

from jupyter_safecoder.context.documents import notebook_code, read_document

METADATA = {"language_info": {"name": "python"}}


def _notebook(*cells: Any, metadata: Any = METADATA) -> str:
    whole = [
        cell
        if isinstance(cell, dict)
        else {"cell_type": "code", "source": cell, "metadata": {}, "outputs": []}
        for cell in cells
    ]
    return json.dumps({"cells": whole, "metadata": metadata, "nbformat": 4})


def _tagged(source: str, *tags: str) -> dict[str, Any]:
    return {"cell_type": "code", "source": source, "metadata": {"tags": [*tags]}}


def _texts(path: str, source: str) -> list[str]:
    document = read_document(path, source)
    assert document is not None
    return [snippet.text for snippet in document.snippets]


def test_the_code_of_a_notebook() -> None:
    source = _notebook(
        "a = 1",
        ["b = 2\n", "c = 3"],
        {"cell_type": "markdown", "source": "# Title"},
        _tagged("d = 4", "other"),
        _tagged("e = 5", "safecoder-off"),
        {"cell_type": "code", "source": "f = 6", "metadata": {"tags": "safecoder-off"}},
    )
    assert notebook_code(source) == ["a = 1", "b = 2\nc = 3", "d = 4"]


def test_an_old_notebook() -> None:
    cells = [{"cell_type": "code", "input": ["a = 1\n", "b"]}, {"cell_type": "heading"}]
    source = json.dumps({"worksheets": [{"cells": cells}], "metadata": {"name": ""}})
    assert notebook_code(source) == ["a = 1\nb"]


@pytest.mark.parametrize(
    "metadata",
    [
        {"language_info": {"name": "R"}},
        {"kernelspec": {"language": "julia"}},
        {"safecoder": "off"},
        {"safecoder": False},
    ],
)
def test_a_notebook_that_is_left_out(metadata: dict[str, Any]) -> None:
    assert notebook_code(_notebook("a = 1", metadata=metadata)) is None


@pytest.mark.parametrize(
    "source",
    ["", "[]", "{", "1", '"text"', "null", "[" * 100_000, '{"cells": 1}', '{"worksheets": [1]}'],
)
def test_what_is_no_notebook_has_no_snippets(source: str) -> None:
    document = read_document("a.ipynb", source)
    assert document is None or document.snippets == ()


@pytest.mark.parametrize(
    "cell",
    [
        1,
        None,
        {"cell_type": "code"},
        {"cell_type": "code", "source": 1},
        {"cell_type": "code", "source": [1, None]},
        {"cell_type": "code", "source": "", "metadata": [1]},
        {"cell_type": "code", "source": "", "metadata": {"tags": {"a": 1}}},
    ],
)
def test_no_value_of_a_notebook_is_trusted(cell: Any) -> None:
    source = json.dumps({"cells": [cell, {"cell_type": "code", "source": "name = other_name"}]})
    assert _texts("a.ipynb", source) == ["name = other_name"]


def test_lone_surrogates_are_replaced() -> None:
    assert _texts("a.ipynb", _notebook("name = '\ud800'")) == ["name = '?'"]


def test_other_files_have_no_snippets() -> None:
    assert read_document("a.md", "name = other_name") is None


def test_a_script_is_cut_at_definitions() -> None:
    functions = [f"def function_{n}(x):\n" + "    y = x\n" * 12 for n in range(6)]
    texts = _texts("a.py", "\n\n".join(functions))
    assert len(texts) == 6
    assert all(text.startswith("def function_") for text in texts)


def test_a_notebook_is_cut_at_cells() -> None:
    cells = ["\n".join(f"name_{n} = {m}" for m in range(11)) for n in range(5)]
    assert _texts("a.ipynb", _notebook(*cells)) == cells
    small = [f"name_{n} = 1" for n in range(8)]
    assert _texts("a.ipynb", _notebook(*small)) == [
        "\n\n".join(small[:5]),
        "\n\n".join(small[5:]),
    ]


def test_percent_cells_and_blank_lines() -> None:
    block = "\n".join(["value_a = value_b"] * 11)
    assert _texts("a.py", f"{block}\n# %% Load\n{block}\n# %%\n{block}") == [
        block,
        f"# %% Load\n{block}",
        f"# %%\n{block}",
    ]
    inner = "\n".join(["    value_a = value_b"] * 11)
    texts = _texts("a.py", f"def f():\n{inner}\n\n{inner}\n\n{inner}\n\n{inner}")
    assert all(len(text.split("\n")) <= 30 for text in texts)
    assert sum(text.count("value_a") for text in texts) == 44


def test_data_has_no_snippets() -> None:
    assert _texts("a.py", f"data = '{'x' * 1000}'") == []
    assert _texts("a.py", "\n\n1\n\n") == []


def test_imports_do_not_count() -> None:
    imports = "import numpy\nfrom grid import (\n    load,\n    price,\n)\n    from a import b"
    assert _texts("a.py", imports) == []
    document = read_document("a.py", f"{imports}\ncost = price(kwh)\nimportant = 1")
    assert document is not None
    (snippet,) = document.snippets
    assert snippet.text.startswith("import numpy")
    assert set(snippet.counts) == {"cost", "price", "kwh", "important"}


def test_a_large_document_is_bounded() -> None:
    source = "\n".join(f"name_{n} = other_{n}" for n in range(300_000))
    document = read_document("a.py", source)
    assert document is not None
    assert 50_000 < document.size() <= 260_000
    assert len(document.snippets) <= 400
    cells = [f"name_{n} = other_{n}\n" * 12 for n in range(20_000)]
    other = read_document("a.ipynb", _notebook(*cells))
    assert other is not None
    assert other.size() <= 320_000
