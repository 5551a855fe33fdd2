"""The values below a heading that is a secret name are secrets, in tables of any form."""

from __future__ import annotations

import pytest

from jupyter_safecoder.secrets.tables import find_in_columns


@pytest.mark.parametrize(
    "table",
    [
        "user | password\nanna | nachtigall9\n\nuser | city\nbob | berlin77",
        "| user | password |\n|---|---|\n| anna | nachtigall9 |",
        "   user     password\n0  anna  nachtigall9",
        "user\tpassword\nanna\tnachtigall9",
        "user,password,city\nanna,nachtigall9,berlin",
    ],
)
def test_columns_below_a_secret_heading(table: str) -> None:
    found = list(find_in_columns(table))
    assert {one.value for one in found} == {"nachtigall9"}
    assert [table[one.start : one.end] for one in found] == ["nachtigall9"]


@pytest.mark.parametrize(
    "text",
    ["user | city\nanna | berlin77", "   token_count\n0  12345678\n", "password\n\nanna9876"],
)
def test_other_columns(text: str) -> None:
    assert not list(find_in_columns(text))
