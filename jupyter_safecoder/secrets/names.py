"""Names whose values are secret, in several languages.

A name such as ``db_password``, ``API_TOKEN`` or ``wachtwoord`` marks its value as a secret.
"""

from __future__ import annotations

import re

from jupyter_safecoder.kept_texts import cached_texts

#: Names of passwords: German, English, French, Spanish, Portuguese, Dutch, Danish, Norwegian,
#: Swedish, Finnish, Polish, Czech, Hungarian, Serbian, Turkish, Italian, Russian, Ukrainian, Greek,
#: Chinese, Japanese, Korean, Hebrew, Arabic.
_PASSWORDS = (
    r"passw(?:or)?[dt]|passwd|passphrase|passcode|(?<![a-z])pass(?![a-z])|pwd|(?<![a-z])pw(?!_?[a-z]{3})(?![a-z])|pass_word|"
    r"passord|psswrd|(?<![a-z])psw(?![a-z])|(?<![a-z])pswd(?![a-z])|(?<![a-z])psk(?![a-z])|"
    r"kennwort|kennwörter|passwörter|losungswort|mot_?de_?passe|(?<![a-z])mdp(?![a-z])|contrase[nñ]a|contrasenya|"
    r"senha|wachtwoord|has[lł]o(?![a-z])|l[oö]senord|salasana|adgangskode|(?<![a-z])heslo|jelsz[oó]|lozinka|"
    r"(?<![a-z])[sş]ifre|пароль|пароля|паролем|гасло|κωδικ|密码|密碼|口令|パスワード|暗証番号|비밀번호|암호|סיסמ|"
    r"كلمة.?(?:المرور|السر)|seed_?phrase|recovery_?phrase|seed phrase|recovery phrase|mnemonic"
)
#: Names of keys and tokens.
_KEYS = (
    r"secret|credential|"
    r"token(?!i[sz]|\w{0,40}ids?\b|s?_?(?:count|len|limit|type|per|acc|loss|rate|prob|freq|idx|"
    r"index|size|embed|num|class|level|dim))|api[-_ ]?key|"
    r"(?:access|account|auth|private|secret|signing|encryption|master|shared|storage|license|"
    r"client|consumer|service|subscription|function|host|admin|user|app|application|ssh|aws|azure|"
    r"gcp|openai|rapidapi|mapbox|weather|maps|crypt|cipher|hmac|jwt|session)[-_ ]?key(?![a-z])"
)
#: Names that hold other things as often: what they hold must be as random as a key.
_WEAK = (
    r"(?<![a-z])(?:clave|parola|geheim|cookie|jsessionid|phpsessid|csrf|sessid|appid|otp|"
    r"auth|geheimnis|segredo|secreto|palabra_clave)(?![a-z])|session_?id|sid(?=[\"'])|"
    r"parola_?chiave|csrf_?token"
)
#: Names of keys of all kinds, most of which are not secret.
_ANY_KEY = r"[a-z0-9]_key(?![a-z])"
#: Names of numbers that are secret.
_PINS = r"(?<![a-z])(?:pin|pincode|pin_?nummer|pin_?number|geheimzahl)(?![a-z])"
NAMING = f"{_PASSWORDS}|{_KEYS}|{_WEAK}|{_PINS}|{_ANY_KEY}"
#: Names that contain such a word and hold something else.
_HARMLESS = re.compile(
    r"(?:com|by|sur|tres|over|under|low|high|band|first|second|one|two|multi|single|forward|"
    r"backward)_?pass(?!w|p)|pass_?(?:rate|count|fail|band|through|e[sd]$)|"
    r"(?:url|uri|path|file|dir|name|label|hint|prompt|help|column|field|regex|pattern|policy|"
    r"length|endpoint|scope|type)s?$"
)
#: A part of each word above, to tell quickly that a text has none of them.
HINTS = (
    *(
        "pass",
        "pw",
        "psw",
        "psk",
        "wort",
        "mdp",
        "contrase",
        "senha",
        "hasl",
        "hasł",
        "senord",
        "salasana",
        "kode",
        "woord",
    ),
    *("heslo", "jelsz", "lozinka", "ifre", "парол", "гасло", "κωδικ", "密", "口令", "パスワード"),
    *("暗証番号", "비밀번호", "암호", "סיסמ", "كلمة", "phrase", "mnemonic", "secret", "credential"),
    *("token", "key", "clave", "parol", "geheim", "cookie", "sessid", "csrf", "appid", "otp"),
    *("auth", "segredo", "session_id", "sessionid", 'sid"', "sid'", "pin", "geheimzahl", "wörter"),
)
_STRONG = re.compile(f"{_PASSWORDS}|{_KEYS}")
_SECRET = re.compile(NAMING)
_PASSWORDISH = re.compile(f"{_PASSWORDS}|{_PINS}|clave|parola")
_PIN = re.compile(_PINS)
_NAMED = re.compile(f"{_PASSWORDS}|{_KEYS}|{_WEAK}|{_PINS}")
#: Names of which it is known whether they are secret.
_MAX_KEPT = 4096
#: Texts that were searched just now: two modules read the same marks.
_MAX_RECENT = 8
_LINE_END = ("\n", "")
#: A longer text is no name.
_MAX_NAME = 80
_PHRASE = re.compile(r"phrase|mnemonic")
#: What a word in ``camelCase`` starts with.
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def folded(name: str) -> str:
    """Return a name in lower case, with underscores between the words of ``camelCase``."""
    return name.lower() if name.islower() else _CAMEL.sub("_", name).lower()


@cached_texts(_MAX_KEPT)
def is_secret_name(name: str) -> bool:
    """Return whether the values of a name are secret."""
    lowered = folded(name) if len(name) <= _MAX_NAME and "\n" not in name else ""
    return bool(_SECRET.search(lowered)) and not _HARMLESS.search(lowered)


def has_secret_name(text: str) -> bool:
    """Return whether a text contains a secret name; Python's statement ``pass`` is none."""
    return any(
        text[start:end] != "pass" or text[end : end + 1] not in _LINE_END
        for start, end in marks_of(text)
    )


@cached_texts(_MAX_RECENT)
def marks_of(text: str) -> tuple[tuple[int, int], ...]:
    """Return where the parts of names that mark them as secret start and end in a text."""
    lowered = _lowered(text)
    if not any(hint in lowered for hint in HINTS):
        return ()
    return tuple(match.span() for match in _SECRET.finditer(lowered))


def _lowered(text: str) -> str:
    lowered = text.lower()
    if len(lowered) == len(text):
        return lowered
    # Few letters become two in lower case.
    return "".join(one.lower() if len(one.lower()) == 1 else one for one in text)


@cached_texts(_MAX_KEPT)
def is_weak_name(name: str) -> bool:
    """Return whether a secret name holds other things as often, such as ``cookie``."""
    return not _STRONG.search(folded(name))


def is_any_key(name: str) -> bool:
    """Return whether nothing but ``_key`` marks a name as secret, as in ``sort_key``."""
    return not _NAMED.search(folded(name))


@cached_texts(_MAX_KEPT)
def is_password_name(name: str) -> bool:
    """Return whether a secret name holds a password; others hold a key."""
    return bool(_PASSWORDISH.search(folded(name)))


def is_pin_name(name: str) -> bool:
    """Return whether a secret name holds a number."""
    return bool(_PIN.search(folded(name)))


def is_phrase_name(name: str) -> bool:
    """Return whether a secret name holds several words."""
    return bool(_PHRASE.search(folded(name)))
