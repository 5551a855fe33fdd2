"""The secrets of one text: their places, their overlaps, and what is kept of a text."""

from __future__ import annotations

import subprocess
import sys

import pytest

from jupyter_safecoder.secrets import Secret, find_secrets
from jupyter_safecoder.secrets.cell import MAX_CHARACTERS, merged, resolve, search


@pytest.mark.parametrize(
    "code",
    [
        "x = 'é'; password = 'Geheim77x'",
        "password = ('ä'\n            'Geheim77x')",
        'body = "{\\"password\\": \\"Geheim77x\\"}"',
        "%%bash\nexport API_TOKEN=Geheim77x\n",
        'url = f"postgresql://anna:Geheim77x@{host}/db"',
    ],
)
def test_places_are_those_of_the_values(code: str) -> None:
    found = [one for one in search(code, code=True).found if one.value == "Geheim77x"]
    assert found
    assert all(code[one.start : one.end] == one.value for one in found)


def test_of_secrets_that_overlap_the_union_remains() -> None:
    text = "anna:birke@host"
    parts = [Secret("birke", "password", start=5), Secret("birke@host", "e-mail", start=5)]
    assert [(one.start, one.end, one.kind) for one in merged(text, parts)] == [(5, 15, "e-mail")]
    crossing = [Secret("anna:birke", "password", start=0), Secret("birke@host", "key", start=5)]
    assert [(one.start, one.end) for one in merged(text, crossing)] == [(0, 15)]


def test_a_password_in_an_address_is_no_e_mail_address() -> None:
    text = "postgresql://anna:blaueBanane7@db.intra:5432/prod"
    found = merged(text, search(text, code=False).found)
    assert [(one.value, one.kind) for one in found] == [("blaueBanane7", "password in an address")]


def test_a_secret_in_parts_has_each_of_them() -> None:
    searched = search("password = 'sonnen' + 'schein'", code=True)
    assert {one.value for one in searched.found} == {"sonnen", "schein"}
    assert {one.value for one in searched.whole} == {"sonnenschein"}
    assert find_secrets("password = 'sonnen' + 'schein'", code=True)[0].value == "sonnenschein"


def test_a_name_of_another_cell() -> None:
    assert search("connect(password=p)", code=True).missing == {"p": True}
    [found] = resolve("p = 'birke'\nq = 'linde'", {"p": True})
    assert (found.value, found.start) == ("birke", 5)
    assert not list(resolve("p = 'birke'", {"p": False}))
    # What is called a token may be a word.
    assert search("tokens = text", code=True).missing == {"text": False}


def test_a_text_that_is_too_large_is_not_searched() -> None:
    text = "password = 'Geheim77x'\n"
    assert search(text + "#" * (MAX_CHARACTERS - len(text)), code=True).found
    assert not search(text + "#" * MAX_CHARACTERS, code=True).found


def test_a_text_is_searched_once() -> None:
    text = "password = 'Geheim77x' # once"
    assert search(text, code=True) is search(text, code=True)


def test_the_import_is_cheap() -> None:
    code = "import sys, jupyter_safecoder.secrets; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    slow = {"torch", "numpy", "nbformat", "transformers", "tokenizers", "asyncio"}
    assert not slow & set(loaded.stdout.split())
