"""Random secrets in the alphabets and lengths of their issuers, and names to put around them."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from random import Random
from string import ascii_letters, ascii_lowercase, ascii_uppercase, digits

_ALPHANUMERIC = ascii_letters + digits
_URL_SAFE = _ALPHANUMERIC + "-_"
_HEX = "0123456789abcdef"
_SYMBOLS = "!#%+*?=.-_"
_WORDS = (
    *("nachtigall", "harvest", "lighthouse", "sommerwind", "granite", "papillon", "bluebird"),
    *("winterreise", "marmalade", "kornblume", "driftwood", "montagne", "thunder", "velvet"),
    *("caramel", "ribbon", "tundra", "oxygen", "mimosa", "planet", "salute", "garlic", "hammer"),
)
USERS = ("anna", "otto", "lab_admin", "etl", "reader", "jmueller", "svc_report", "postgres")
HOSTS = ("db.intern", "warehouse.lab.local", "files.uni-nord.de", "build7", "mq.example.org")
DATABASES = ("sales", "clinic", "warehouse", "telemetry", "archive")
_PHONES = ("+49 30 {a} {b}", "+1 (415) {c}-{d}", "+44 20 {d} {e}", "0171 {a}{b}", "+33 6 12 {f}")


def random_value(kind: str, random: Random) -> str:
    """Return a random secret.

    Parameters
    ----------
    kind
        A key of the table below, which also documents the issuers' forms.
    random
        Where it comes from.
    """
    return _VALUES[kind](random)


def _of(alphabet: str, number: int, before: str = "", after: str = "") -> Callable[[Random], str]:
    return lambda random: before + "".join(random.choices(alphabet, k=number)) + after


def _password(random: Random) -> str:
    """Return a password of a generator, with three classes of characters at least."""
    length = random.randint(10, 20)
    symbols = random.choice((_SYMBOLS, _SYMBOLS, ""))
    parts = [ascii_lowercase, ascii_uppercase, digits, *([symbols] if symbols else [])]
    drawn = [random.choice(part) for part in parts]
    drawn += random.choices("".join(parts), k=length - len(drawn))
    random.shuffle(drawn)
    # A sign at an end would belong to the sentence or to the shell.
    return random.choice(ascii_letters) + "".join(drawn) + random.choice(_ALPHANUMERIC)


def _url_password(random: Random) -> str:
    return _of(_ALPHANUMERIC + "!*._-", random.randint(10, 18))(random) + "a7"


def _word_password(random: Random) -> str:
    word = random.choice(_WORDS)
    number = str(random.randint(1, 9999))
    return random.choice(
        (
            word.capitalize() + number + random.choice("!?#"),
            word.capitalize() + number + "x",
            f"{word}-{random.choice(_WORDS).capitalize()}{number}",
            word[:3] + random.choice("!#%") + word[3:].upper() + number,
        )
    )


def _base64(number: int) -> Callable[[Random], str]:
    return lambda random: base64.b64encode(random.randbytes(number)).decode()


def _json_web_token(random: Random) -> str:
    def part(content: object) -> str:
        return base64.urlsafe_b64encode(json.dumps(content).encode()).decode().rstrip("=")

    claims = {"sub": str(random.randint(1000, 99999)), "role": random.choice(USERS)}
    signature = base64.urlsafe_b64encode(random.randbytes(32)).decode().rstrip("=")
    return f"{part({'alg': 'HS256', 'typ': 'JWT'})}.{part(claims)}.{signature}"


def _private_key(random: Random) -> str:
    body = base64.b64encode(random.randbytes(random.choice((120, 300)))).decode()
    lines = "\n".join(body[start : start + 64] for start in range(0, len(body), 64))
    name = random.choice(("RSA PRIVATE KEY", "OPENSSH PRIVATE KEY", "EC PRIVATE KEY"))
    return f"-----BEGIN {name}-----\n{lines}\n-----END {name}-----"


def _uuid(random: Random) -> str:
    text = _of(_HEX, 32)(random)
    return "-".join((text[:8], text[8:12], "4" + text[13:16], "a" + text[17:20], text[20:]))


def _mnemonic(random: Random) -> str:
    words = [word for word in _WORDS if len(word) < 9]
    return " ".join(random.choices(words, k=random.choice((12, 24))))


def _application_password(random: Random) -> str:
    return " ".join(_of(ascii_lowercase, 4)(random) for _ in range(4))


def _iban(random: Random) -> str:
    account = _of(digits, 18)(random)
    check = 98 - int(account + "131400") % 97
    text = f"DE{check:02d}{account}"
    grouped = " ".join(text[start : start + 4] for start in range(0, len(text), 4))
    return random.choice((text, grouped))


def _card(random: Random) -> str:
    number = "4" + _of(digits, 14)(random)
    doubled = [int(digit) * (2 - place % 2) for place, digit in enumerate(number)]
    check = -sum(value // 10 + value % 10 for value in doubled) % 10
    text = f"{number}{check}"
    grouped = " ".join(text[start : start + 4] for start in range(0, 16, 4))
    return random.choice((text, grouped))


def _phone(random: Random) -> str:
    parts = {
        name: _of(digits, number)(random)
        for name, number in zip("abcde", (3, 4, 3, 4, 4), strict=True)
    }
    parts["c"] = "5" + parts["c"][1:]
    parts["f"] = " ".join(_of(digits, 2)(random) for _ in range(3))
    return random.choice(_PHONES).format(**parts)


def _email(random: Random) -> str:
    return f"{random.choice(_WORDS)}.{random.choice(USERS)}@{random.choice(_WORDS)}.de"


def _ip_address(random: Random) -> str:
    return ".".join(str(random.randint(11, 254)) for _ in range(4))


_VALUES: Mapping[str, Callable[[Random], str]] = {
    "password": _password,
    "password_url": _url_password,
    "word_password": _word_password,
    "word": lambda random: random.choice(_WORDS),
    "pin": _of(digits, 6),
    "hex32": _of(_HEX, 32),
    "hex40": _of(_HEX, 40),
    "hex64": _of(_HEX, 64),
    "uuid": _uuid,
    "token20": _of(_ALPHANUMERIC, 20),
    "token24": _of(_ALPHANUMERIC, 24),
    "token32": _of(_ALPHANUMERIC, 32),
    "urlsafe40": _of(_URL_SAFE, 40),
    "urlsafe43": _of(_URL_SAFE, 43),
    "base64_44": _base64(32),
    "base64_64": _base64(48),
    "aws_id": _of(ascii_uppercase + "234567", 16, "AKIA"),
    "aws_secret": _of(_ALPHANUMERIC + "+/", 40),
    "github": _of(_ALPHANUMERIC, 36, "ghp_"),
    "github_fine": lambda random: (
        f"github_pat_{_of(_ALPHANUMERIC, 22)(random)}_{_of(_ALPHANUMERIC, 59)(random)}"
    ),
    "gitlab": _of(_URL_SAFE, 20, "glpat-"),
    "slack": lambda random: (
        f"xoxb-{_of(digits, 12)(random)}-{_of(digits, 12)(random)}-{_of(_ALPHANUMERIC, 24)(random)}"
    ),
    "slack_webhook": lambda random: (
        f"https://hooks.slack.com/services/T{_of(ascii_uppercase + digits, 8)(random)}/"
        f"B{_of(ascii_uppercase + digits, 8)(random)}/{_of(_ALPHANUMERIC, 24)(random)}"
    ),
    "openai": _of(_URL_SAFE, 90, "sk-proj-"),
    "openai_old": _of(_ALPHANUMERIC, 48, "sk-"),
    "anthropic": _of(_URL_SAFE, 93, "sk-ant-api03-", "AA"),
    "hf": _of(ascii_letters, 34, "hf_"),
    "npm": _of(_ALPHANUMERIC, 36, "npm_"),
    "pypi": _of(_URL_SAFE, 80, "pypi-AgEIcHlwaS5vcmc"),
    "sendgrid": lambda random: f"SG.{_of(_URL_SAFE, 22)(random)}.{_of(_URL_SAFE, 43)(random)}",
    "google": _of(_URL_SAFE, 35, "AIza"),
    "google_refresh": _of(_URL_SAFE, 60, "1//0g"),
    "google_secret": _of(_URL_SAFE, 28, "GOCSPX-"),
    "jwt": _json_web_token,
    "pem": _private_key,
    "stripe": _of(_ALPHANUMERIC, 24, "sk_live_"),
    "twilio": _of(_HEX, 32, "SK"),
    "telegram": lambda random: f"{_of(digits, 10)(random)}:AA{_of(_URL_SAFE, 33)(random)}",
    "discord": lambda random: (
        f"M{_of(_ALPHANUMERIC, 23)(random)}."
        f"{_of(_URL_SAFE, 6)(random)}.{_of(_URL_SAFE, 38)(random)}"
    ),
    "replicate": _of(_ALPHANUMERIC, 37, "r8_"),
    "groq": _of(_ALPHANUMERIC, 52, "gsk_"),
    "grafana": lambda random: f"glsa_{_of(_ALPHANUMERIC, 32)(random)}_{_of(_HEX, 8)(random)}",
    "nvapi": _of(_URL_SAFE, 64, "nvapi-"),
    "docker": _of(_URL_SAFE, 27, "dckr_pat_"),
    "planetscale": _of(_URL_SAFE, 43, "pscale_pw_"),
    "airtable": lambda random: f"pat{_of(_ALPHANUMERIC, 14)(random)}.{_of(_HEX, 64)(random)}",
    "supabase": _of(_HEX, 40, "sbp_"),
    "atlassian": _of(_URL_SAFE, 180, "ATATT3xFfGF0", "=8A1B2C3D"),
    "databricks": _of(_HEX, 32, "dapi"),
    "digitalocean": _of(_HEX, 64, "dop_v1_"),
    "shopify": _of(_HEX, 32, "shpat_"),
    "vault": _of(_URL_SAFE, 90, "hvs.CAESI"),
    "azure_client": lambda random: (
        f"{_of(_ALPHANUMERIC, 3)(random)}8Q~{_of(_ALPHANUMERIC + '._~-', 34)(random)}"
    ),
    "azure_storage": _base64(64),
    "mailgun": _of(_HEX, 32, "key-"),
    "mailchimp": _of(_HEX, 32, "", "-us12"),
    "notion": _of(_ALPHANUMERIC, 43, "ntn_"),
    "linear": _of(_ALPHANUMERIC, 40, "lin_api_"),
    "ngrok": _of(_ALPHANUMERIC, 27, "2", "_" + "3fKq8Zr1mWc7Tn5Bv9XsP"),
    "totp": _of(ascii_uppercase + "234567", 32),
    "eth_key": _of(_HEX, 64, "0x"),
    "mnemonic": _mnemonic,
    "app_password": _application_password,
    "iban": _iban,
    "card": _card,
    "phone": _phone,
    "email": _email,
    "ip": _ip_address,
}
