"""Names that mark a value as secret, in the languages that notebooks are written in."""

from __future__ import annotations

import pytest

from jupyter_safecoder.secrets.names import (
    HINTS,
    has_secret_name,
    is_any_key,
    is_password_name,
    is_phrase_name,
    is_pin_name,
    is_secret_name,
    is_weak_name,
)

PASSWORDS = (
    *(
        "password",
        "DB_PASSWD",
        "motDePasse",
        "mdp",
        "contraseña",
        "contrasena",
        "senha",
        "wachtwoord",
    ),
    *("hasło", "haslo", "lösenord", "losenord", "salasana", "adgangskode", "passord", "heslo"),
    *("jelszó", "lozinka", "şifre", "пароль", "密码", "密碼", "パスワード", "비밀번호", "סיסמה"),
    *("kennwort", "pw", "seed_phrase", "mnemonic", "clave", "parola"),
)


@pytest.mark.parametrize("name", PASSWORDS)
def test_passwords_in_many_languages(name: str) -> None:
    assert is_secret_name(name)
    assert is_password_name(name)
    assert has_secret_name(f"the {name}: x")


@pytest.mark.parametrize("name", [*PASSWORDS, "api_key", "sessionid", "cookie", "pin", "auth"])
def test_each_name_has_a_hint(name: str) -> None:
    assert any(hint in name.lower() for hint in HINTS)


@pytest.mark.parametrize("name", ["cookie", "sessionid", "JSESSIONID", "auth", "clave", "sort_key"])
def test_weak_names(name: str) -> None:
    assert is_secret_name(name)
    assert is_weak_name(name)
    assert is_any_key(name) is (name == "sort_key")


def test_numbers_and_phrases() -> None:
    assert is_pin_name("PIN")
    assert not is_pin_name("spin")
    assert is_phrase_name("recovery_phrase")


@pytest.mark.parametrize(
    "name", ["keyboard", "tokenizer", "pad_token_id", "hash", "resident", "pw_trafo"]
)
def test_other_names(name: str) -> None:
    assert not is_secret_name(name)
