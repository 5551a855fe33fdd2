"""The secrets of a document: names over cells, values that spread, lines and columns."""

from __future__ import annotations

import pytest

from jupyter_safecoder.protocol import Cell
from jupyter_safecoder.secrets import Finding, find_in_cells, findings, is_too_large, search_cells
from jupyter_safecoder.secrets.cell import MAX_CHARACTERS


def test_a_name_is_resolved_over_cells() -> None:
    cells = [Cell("code", "a = 1\np = 'birkenholz'"), Cell("code", "connect(password=p)")]
    assert findings(cells) == [Finding(0, 2, "password", 5, 15)]


def test_the_lines_of_an_output_follow_those_of_the_source() -> None:
    cells = [Cell("code", "x = 1\nprint(y)", "one\npassword: Geheim77x")]
    assert findings(cells) == [Finding(0, 4, "password", 10, 19)]


def test_a_secret_of_several_lines_is_at_each() -> None:
    key = "-----BEGIN RSA PRIVATE KEY-----\nMIIEowIBAAKCAQEA7v3Qm8Zk\n-----END RSA PRIVATE KEY-----"
    found = findings([Cell("code", f"key = '''{key}'''")])
    assert [(one.line, one.start, one.end) for one in found] == [(1, 9, 40), (2, 0, 24), (3, 0, 29)]


def test_an_output_that_is_a_secret() -> None:
    assert findings([Cell("code", "print(password)", "Geheim")]) == [
        Finding(0, 2, "password", 0, 6)
    ]
    assert findings([Cell("code", "print(frame)", "Geheim")]) == []


@pytest.mark.parametrize("value", ["import", "pandas", "DataFrame", "return", "weather"])
def test_a_word_of_the_code_does_not_spread(value: str) -> None:
    code = "import pandas as pd\nweather = pd.DataFrame()\ndef f(): return weather"
    cells = [Cell("code", f"password = '{value}'"), Cell("code", code)]
    own, other = find_in_cells(cells)
    assert [secret.value for secret in own.source] == [value]
    assert other.source == ()


def test_a_word_spreads_as_a_literal_only() -> None:
    cells = [
        Cell("code", "password = 'nachtigall'"),
        Cell("code", "use('nachtigall')"),
        Cell("markdown", "A nachtigall sings."),
        Cell("markdown", "Our password: nachtigall was changed."),
    ]
    assert [len(one.source) for one in find_in_cells(cells)] == [1, 1, 0, 1]


def test_a_distinctive_value_spreads_everywhere() -> None:
    cells = [Cell("code", "password = 'Geheim77x'"), Cell("markdown", "It was Geheim77x.")]
    assert [len(one.source) for one in find_in_cells(cells)] == [1, 1]
    assert [one.value for one in search_cells(cells)[1].anywhere] == ["Geheim77x"]


def test_searching_can_be_stopped_before_each_cell() -> None:
    searched = []

    def stop() -> None:
        searched.append(1)
        if len(searched) == 3:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        search_cells([Cell("code", f"x = {number}") for number in range(9)], stop)
    assert len(searched) == 3


def test_the_size_of_a_cell_is_bounded() -> None:
    assert is_too_large(Cell("code", "x" * (MAX_CHARACTERS + 1)))
    assert is_too_large(Cell("code", "x", "y" * (MAX_CHARACTERS + 1)))
    assert not is_too_large(Cell("code", "x" * MAX_CHARACTERS))
