"""An argument is secret by the function that it is given to, whatever it is called."""

from __future__ import annotations

import pytest

from jupyter_safecoder.secrets.literals import Literals
from jupyter_safecoder.secrets.python_uses import find_used_values, is_usable, shows_secret


def used(code: str) -> list[str]:
    return [secret.value for secret in find_used_values(Literals(code), {})]


@pytest.mark.parametrize(
    "code",
    [
        "pymysql.connect('h', 'root', 'Geheim77x')",
        "pymysql.connect('h', 'root', 'Geheim77x', 'main')",
        "ssh.connect('h', 22, 'anna', 'Geheim77x')",
        "requests.get(url, auth=(USER, 'Geheim77x'))",
        "HTTPBasicAuth(user, 'Geheim77x')",
        "HttpNtlmAuth('D\\\\a', 'Geheim77x')",
        "server.login(sender, 'Geheim77x')",
        "basic_auth('neo4j', 'Geheim77x')",
        "keyring.set_password('s', 'a', 'Geheim77x')",
        "jwt.encode(p, 'Geheim77x')",
        "hmac.new(b'Geheim77x')",
        "reader.decrypt('Geheim77x')",
        "widgets.Password(value='Geheim77x')",
        "pyotp.TOTP('Geheim77x')",
        "USERS = {'anna': 'Geheim77x'}",
        "creds = ('anna', 'Geheim77x')",
        "LOGINS = [('anna', 'Geheim77x')]",
        "box.find_element(By.ID, 'password').send_keys('Geheim77x')",
        "p = 'Geheim77x'\nlogin('anna', p)",
    ],
)
def test_what_is_used_as_a_password(code: str) -> None:
    assert used(code) == ["Geheim77x"]


def test_words_are_passwords_too() -> None:
    assert used("pymysql.connect('h', 'root', 'birke')") == ["birke"]
    assert used("server.login('anna', 'abcd efgh ijkl mnop')") == ["abcd efgh ijkl mnop"]


@pytest.mark.parametrize(
    "code",
    [
        "plt.connect('motion_notify_event', on_move)",
        "sqlite3.connect('data/main.db')",
        "read_csv('a', 'b', 'Geheim77x')",
        "users = {'anna': 'admin', 'otto': 'reader'}",
        "button.clicked.connect(login)",
        "auth = ('anna', os.environ['PW'])",
    ],
)
def test_other_arguments(code: str) -> None:
    assert used(code) == []


def test_names_that_other_cells_assign() -> None:
    missing: dict[str, bool] = {}
    list(find_used_values(Literals("ssh.connect('h', 22, u, p)\nlogin(token)"), missing))
    assert missing["p"] is True
    assert missing["token"] is False


@pytest.mark.parametrize(
    ("code", "shown"),
    [
        ("x = 1\nprint(password)", True),
        ("os.environ['DB_PASSWORD']", True),
        ("keyring.get_password('a', 'b')", True),
        ("password = 1", False),
        ("print(frame)", False),
    ],
)
def test_the_output_of_a_secret_name(code: str, shown: bool) -> None:
    assert shows_secret(Literals(code)) is shown


def test_what_cannot_be_a_password() -> None:
    assert not is_usable("https://a.de", certain=True)
    assert not is_usable("two words", certain=True)
    assert not is_usable("reader", certain=False)
    assert is_usable("reader", certain=True)
