"""Secrets of a corpus: shared values, words of the code, warnings, and stopping."""

from __future__ import annotations

import pytest

from jupyter_safecoder.finetune.corpus.redaction import redact_documents
from jupyter_safecoder.finetune.documents import Document
from jupyter_safecoder.protocol import Cell
from jupyter_safecoder.secrets import MAX_CHARACTERS

CODE = "import pandas as pd\nframe = pd.DataFrame()\ndef f():\n    return frame"


def document(path: str, *sources: str) -> Document:
    cells = tuple(Cell("code", source) for source in sources)
    return Document(path, cells, tuple(range(len(cells))), "python", notebook=True)


def sources(documents: tuple[Document, ...]) -> list[str]:
    return [cell.source for document in documents for cell in document.cells]


@pytest.mark.parametrize("value", ["import", "return", "pandas", "DataFrame", "frame", "float32"])
def test_a_word_changes_no_other_document(value: str) -> None:
    other = f"{CODE}\nx.astype(np.float32)\n'{value}'"
    one, two = document("a", f"api_key = '{value}'\n{CODE}"), document("b", other)
    redacted = sources(redact_documents([one, two]).documents)
    assert CODE in redacted[0]
    assert redacted[1] == other


def test_a_distinctive_value_is_replaced_everywhere() -> None:
    one, two = document("a", "password = 'Geheim77x'"), document("b", "use('Geheim77x')")
    redaction = redact_documents([one, two])
    assert sources(redaction.documents) == ["password = '<PASSWORD>'", "use('<PASSWORD>')"]
    assert redaction.values == {"Geheim77x"}
    assert [(one.path, one.cell, one.kind) for one in redaction.secrets] == [
        *(("a", 0, "password"), ("b", 0, "password")),
    ]


def test_a_name_of_another_cell() -> None:
    redaction = redact_documents([document("a", "p = 'birkenholz'", "connect(password=p)")])
    assert sources(redaction.documents)[0] == "p = '<PASSWORD>'"


@pytest.mark.parametrize(("times", "warned"), [(19, False), (20, True)])
def test_a_value_that_is_replaced_often_is_reported(times: int, warned: bool) -> None:
    cells = [f"use('Geheim77x', {number})" for number in range(times)]
    warnings = redact_documents([document("a", "password = 'Geheim77x'", *cells)]).warnings
    assert bool(warnings) is warned
    if warned:
        assert (warnings[0].path, warnings[0].cell, warnings[0].number) == ("a", 0, 21)


def test_a_cell_that_is_too_large_is_left_out() -> None:
    redaction = redact_documents([document("a", "x = 1", "y" * (MAX_CHARACTERS + 1), "z = 3")])
    assert sources(redaction.documents) == ["x = 1", "z = 3"]
    assert redaction.documents[0].numbers == (0, 2)
    assert [(one.path, one.reason) for one in redaction.left_out] == [
        ("a", "1 cells of it too large to be searched for secrets")
    ]


def test_it_can_be_stopped_before_any_cell() -> None:
    shares: list[float] = []

    def stop(share: float) -> None:
        shares.append(share)
        if len(shares) > 7:
            raise InterruptedError

    many = document("a", *(f"x = {number}" for number in range(10)))
    with pytest.raises(InterruptedError):
        redact_documents([many], stop)
    assert len(shares) == 8
    shares.clear()
    redact_documents([document("b", "x = 1", "y = 2")], shares.append)
    assert len(shares) == 4
    assert shares == sorted(shares)
    assert 0 <= shares[0] <= shares[-1] <= 1
