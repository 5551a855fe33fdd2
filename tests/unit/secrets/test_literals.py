"""String literals of secret names, by Python's grammar."""

from __future__ import annotations

import pytest

from jupyter_safecoder.secrets.literals import Literals
from jupyter_safecoder.secrets.names import is_secret_name


@pytest.mark.parametrize(
    "code",
    [
        "password = 'birke'",
        "password: str = 'birke'",
        "self.password = 'birke'",
        "config['password'] = 'birke'",
        "user, password = 'anna', 'birke'",
        "connect(password='birke')",
        "{'password': 'birke'}",
        "password == 'birke'",
        "def f(password='birke'): ...",
        "def f(*, password='birke'): ...",
        "(password := 'birke')",
        "password += 'birke'",
        "os.environ.get('PASSWORD', 'birke')",
        "os.getenv('PASSWORD') or 'birke'",
        "password = SecretStr('birke')",
        "password = given if given else 'birke'",
        "a = 'birke'\npassword = a",
        "%load_ext x\npassword = 'birke'",
    ],
)
def test_values_of_secret_names(code: str) -> None:
    assert "birke" in {value.text for _, value in Literals(code).assigned(is_secret_name)}


@pytest.mark.parametrize("code", ["x = 'birke'", "password = read('birke')", "f(x='birke')"])
def test_other_values(code: str) -> None:
    assert not list(Literals(code).assigned(is_secret_name))


def test_the_password_of_a_url_template() -> None:
    code = "url = 'postgresql://%s:%s@db' % ('anna', 'birke')"
    found = [(name, value.text) for name, value in Literals(code).assigned(is_secret_name)]
    assert ("password", "birke") in found


@pytest.mark.parametrize(
    "code", ["'bir' 'ke'", "'bir' + 'ke'", "''.join(['bir', 'ke'])", "f\"{'bir'}ke\""]
)
def test_concatenated_strings(code: str) -> None:
    found = [[p.text for p in parts if p.text] for parts in Literals(code).concatenated()]
    assert ["bir", "ke"] in found


def test_code_that_is_not_python() -> None:
    with pytest.raises(SyntaxError):
        Literals("print 'two'")
