"""What secrets and personal data look like: forms of keys, names that passwords are given, entropy.

Forms are those that the issuers document; each pattern has a group ``value``.
"""

from __future__ import annotations

import ipaddress
import math
import re
from collections import Counter
from collections.abc import Iterator

Found = tuple[str, str, str]

KEY, PASSWORD, EMAIL, IP = "<KEY>", "<PASSWORD>", "<EMAIL>", "<IP_ADDRESS>"

#: A string literal on one line, in either quote.
STRING = re.compile(r"\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*'")


def _shape(kind: str, pattern: str, placeholder: str = KEY) -> tuple[str, str, re.Pattern[str]]:
    return kind, placeholder, re.compile(pattern)


def _word(kind: str, pattern: str) -> tuple[str, str, re.Pattern[str]]:
    return _shape(kind, rf"(?<![A-Za-z0-9])(?P<value>{pattern})(?![A-Za-z0-9])")


SHAPES = (
    _shape(
        "private key",
        r"(?P<value>-----BEGIN [A-Z0-9 ]*(?:PRIVATE KEY|CERTIFICATE)[A-Z ]*-----[\s\S]*?"
        r"(?:-----END [A-Z0-9 ]*-----|\Z))",
    ),
    _shape("private key", r"(?P<value>PuTTY-User-Key-File-[\s\S]*?(?:Private-MAC: \w+|\Z))"),
    _shape("private key", r"(?P<value>AGE-SECRET-KEY-1[0-9A-Z]+)"),
    _word("aws key", r"(?:AKIA|ASIA|ABIA|ACCA|AROA|AIDA)[0-9A-Z]{16}"),
    _word("github token", r"(?:gh[pousr]_[0-9A-Za-z]{20,}|github_pat_\w{20,})"),
    _word("gitlab token", r"gl(?:pat|dt|rt|cbt|ptt|ft|soat|agent|oas)-[\w-]{16,}"),
    _word("slack token", r"xox[abeoprs]-[\w-]{10,}|xapp-[\w-]{10,}"),
    _shape("slack webhook", r"(?P<value>hooks\.slack\.com/(?:services|workflows)/[\w/+]+)"),
    _shape("webhook", r"(?P<value>discord(?:app)?\.com/api/webhooks/\d+/[\w-]+)"),
    _word("openai key", r"sk-[\w-]{16,}"),
    _word("hugging face token", r"(?:hf|api_org)_[A-Za-z0-9]{16,}"),
    _word("google key", r"AIza[\w-]{30,}|ya29\.[\w-]{20,}|GOCSPX-[\w-]{20,}"),
    _word("stripe key", r"(?:sk|rk|pk|whsec)_(?:live_|test_)?[0-9A-Za-z]{16,}"),
    _word("sendgrid key", r"SG\.[\w-]{16,}\.[\w-]{16,}"),
    _word("twilio key", r"(?:AC|SK)[0-9a-f]{32}"),
    _word("npm token", r"npm_[0-9A-Za-z]{20,}"),
    _word("pypi token", r"pypi-[\w-]{20,}"),
    _word("databricks token", r"dapi[0-9a-f]{32}(?:-\d)?"),
    _word("digitalocean token", r"do[opr]_v1_[0-9a-f]{40,}"),
    _word("shopify token", r"shp(?:at|ca|pa|ss)_[0-9a-fA-F]{20,}"),
    _word("vault token", r"hv[sbr]\.[\w-]{20,}"),
    _word("azure key", r"[0-9A-Za-z]{3}8Q~[\w.~-]{31,34}"),
    _word("telegram token", r"\d{8,10}:AA[\w-]{30,}"),
    _word("mailchimp key", r"[0-9a-f]{32}-us\d{1,2}"),
    _word("mailgun key", r"key-[0-9a-f]{32}"),
    _word("linear, notion or postman key", r"(?:lin_api_|secret_|ntn_|PMAK-)[\w-]{20,}"),
    _word("json web token", r"eyJ[\w-]{8,}\.[\w-]{8,}(?:\.[\w-]*)?"),
    _shape(
        "bearer token",
        r"(?i)\b(?:bearer|basic|token)\s+(?P<value>[A-Za-z0-9+/_.~-]{12,}=*)(?=[\"'\s]|$)",
    ),
    _shape(
        "signed address", r"(?i)[?&;](?:sig|signature|x-amz-signature)=(?P<value>[\w%+/=-]{16,})"
    ),
    _shape(
        "password in an address",
        r"[a-zA-Z][\w+.-]*://[^\s/:@\"']*:(?P<value>[^\s/@\"']+)@",
        PASSWORD,
    ),
    _shape(
        "password",
        r"(?i)(?:\bauth|basicauth|credentials?|login)\s*[=(]\s*\(?\s*[rbuf]?[\"'][^\"'\n]+[\"']\s*,"
        r"\s*[rbuf]?[\"'](?P<value>[^\"'\n]+)[\"']",
        PASSWORD,
    ),
    _shape(
        "password",
        r"\bcurl\b[^\n]*\s(?:-u|--user)\s*[\"']?[^\s:\"']+:(?P<value>[^\s\"']+)",
        PASSWORD,
    ),
    _shape(
        "password",
        r"\b(?:sshpass\s+-p\s*|mysql(?:dump)?\b[^\n]*\s-p)(?P<value>[^\s\"'-][^\s\"']*)",
        PASSWORD,
    ),
)

_NAMING = (
    r"passw(?:or)?d|passwd|passphrase|passcode|pass(?![a-z])|pwd|kennwort|secret|credential|"
    r"token(?!i[sz]|\w*ids?\b|s?_?(?:count|len|limit|type|per))|api[-_ ]?key|(?:access|account|"
    r"auth|private|secret|signing|encryption|master|shared|storage|license|client|consumer|service|"
    r"subscription|function|host|admin|user|app|application|ssh|aws|azure|gcp|openai)[-_ ]?key"
)
#: A name that says what it holds, in code, JSON, YAML, keyword arguments and subscripts.
_NAME = rf"(?i:(?P<name>[\w.-]*(?:{_NAMING})[\w-]*))"
_LITERAL = r"[rbuf]{0,2}(?P<quote>\"\"\"|'''|\"|')(?P<value>(?:(?!(?P=quote))[\s\S])+?)(?P=quote)"
_ASSIGNED = re.compile(
    rf"{_NAME}[\"']?\s*\]?\s*(?::\s*[\w\[\]., |]+)?(?::=|==?|!=|:|=>)\s*\(?\s*{_LITERAL}"
)
#: ``setdefault("API_TOKEN", "…")``, ``("password", "…")``.
_PAIRED = re.compile(rf"[\"']{_NAME}[\"']\s*,\s*(?:default\s*=\s*)?{_LITERAL}")
#: Without quotes: in shells, environment files, connection strings and prose.
_BARE = re.compile(
    rf"{_NAME}[\"']?\s*(?:=|:|\bis\b|\s-\s)\s*(?P<value>[^\s\"'`;,&|<>(){{}}\[\]]{{3,}})"
)
_OPTION = re.compile(rf"--?{_NAME}[= ]\s*[\"']?(?P<value>[^\s\"'-][^\s\"']{{2,}})")
_SHELL = re.compile(r"^\s*(?:!|%env|%set_env|%sx|export\s|set\s|ENV\s)")
_PASSWORDISH = re.compile(r"(?i)pass|pwd|kennwort")
#: What is written where a secret will stand, or names one.
_NO_VALUE = re.compile(r"[<\[{$(%].*|\*+|x+|\.{3}|none|null|true|false|\d{1,3}", re.IGNORECASE)

_EMAIL = re.compile(
    r"(?<![\w.+-])(?P<value>[A-Za-z0-9][\w.+%-]*@(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?\.)+"
    r"(?P<top>[A-Za-z]{2,24}))(?![\w(\[])"
)
#: ``a@b.shape`` is a product of matrices.
_ATTRIBUTES = frozenset(
    {
        *("shape", "mean", "sum", "dot", "conj", "transpose", "values"),
        *("real", "imag", "inverse", "size", "flat", "copy"),
    }
)
_IPV4 = re.compile(r"(?<![\w.])(?P<value>(?:\d{1,3}\.){3}\d{1,3})(?![\w.]*\w)")
_IPV6 = re.compile(r"(?<![\w:.])(?P<value>(?:[0-9A-Fa-f]{0,4}:){2,7}[0-9A-Fa-f]{0,4})(?![\w:.])")
#: Addresses that everybody has.
_NOBODY = frozenset({"127.0.0.1", "0.0.0.0", "255.255.255.255", "255.255.255.0", "::1", "::"})  # noqa: S104

_RANDOM = re.compile(
    r"(?<![A-Za-z0-9+/_=.-])(?P<value>[A-Za-z0-9+/_-]{20,}={0,2})(?![A-Za-z0-9+/_=-])"
)
_HEX = re.compile(
    r"(?<![A-Za-z0-9])(?P<value>[0-9a-fA-F]{32,}|[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})"
    r"(?![A-Za-z0-9])"
)
#: Bits for each character: words are below, keys above (measured on the standard library's names).
_ENTROPY = 3.6


def assigned(text: str, *, code: bool) -> Iterator[Found]:
    """Yield what is given to a name that says that it is secret."""
    for pattern in (_ASSIGNED, _PAIRED, _OPTION):
        for match in pattern.finditer(text):
            yield from _judge(match["name"], match["value"])
    if code:
        # Outside of strings ``token = response`` assigns a name, unless a shell reads it.
        places = [line for line in text.split("\n") if _SHELL.match(line)]
        if text.lstrip().startswith("%%") and not text.lstrip().startswith("%%time"):
            places = [text]
        places += [match.group()[1:-1] for match in STRING.finditer(text)]
        places += re.findall(r"\"\"\"[\s\S]*?\"\"\"|'''[\s\S]*?'''|#[^\n]*", text)
    else:
        places = [text]
    for place in places:
        for match in _BARE.finditer(place):
            yield from _judge(match["name"], match["value"].rstrip(".:!?"), bare=True)


def _judge(name: str, value: str, *, bare: bool = False) -> Iterator[Found]:
    value = value.strip()
    if len(value) < 3 or _NO_VALUE.fullmatch(value):
        return
    if _PASSWORDISH.search(name):
        # In prose a word follows "password" more often than a password.
        if not bare or not value.isalpha() or not value.islower():
            yield value, "password", PASSWORD
    elif len(value) >= 6 and not re.search(r"\s", value) and not (bare and value.isalpha()):
        yield value, "key", KEY


def personal(text: str) -> Iterator[Found]:
    """Yield e-mail and IP addresses."""
    for match in _EMAIL.finditer(text):
        if match["top"].casefold() not in _ATTRIBUTES:
            yield match["value"], "e-mail", EMAIL
    for pattern in (_IPV4, _IPV6):
        for match in pattern.finditer(text):
            value = match["value"]
            try:
                ipaddress.ip_address(value)
            except ValueError:
                continue
            if value not in _NOBODY and (pattern is _IPV4 or len(value) > 6):
                yield value, "ip address", IP


def look_random(text: str) -> Iterator[str]:
    """Yield what has the entropy of a key: of several kinds of characters, in no order."""
    for match in _HEX.finditer(text):
        if len(set(match["value"])) > 6:
            yield match["value"]
    for match in _RANDOM.finditer(text):
        value = match["value"]
        # Paths and long names have slashes and underscores between words.
        longest = max(re.split(r"[/_-]", value), key=len)
        body = value if len(longest) < 16 else longest
        if len(longest) < 10 or entropy(body) < _ENTROPY:
            continue
        groups = len(re.findall(r"\d+", body))
        mixed = re.search(r"[a-z]", body) and re.search(r"[A-Z]", body)
        if groups >= (3 if mixed else 5):
            yield value


def entropy(text: str) -> float:
    """Return Shannon's entropy in bits for each character."""
    counts = Counter(text).values()
    return -sum(count / len(text) * math.log2(count / len(text)) for count in counts)
