"""What keys look like by themselves: the forms that their issuers gave them, and entropy.

Forms are those that the issuers document; each pattern has a group ``value``.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator

Found = tuple[str, str, str]

KEY, PASSWORD, EMAIL, IP = "<KEY>", "<PASSWORD>", "<EMAIL>", "<IP_ADDRESS>"

#: A string literal on one line, in either quote.
STRING = re.compile(r"\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*'")


PRIVATE_KEY = "private key"
#: What separates its lines, in a file and in a string, and characters of one that are enough.
KEY_LINES = re.compile(r"\\n|[\n\"'\\]")
KEY_LINE = 16


def _shape(kind: str, pattern: str, placeholder: str = KEY) -> tuple[str, str, re.Pattern[str]]:
    return kind, placeholder, re.compile(pattern)


def _word(kind: str, pattern: str) -> tuple[str, str, re.Pattern[str]]:
    return _shape(kind, rf"(?<![A-Za-z0-9])(?P<value>{pattern})(?![A-Za-z0-9])")


SHAPES = (
    _shape(
        PRIVATE_KEY,
        r"(?P<value>-----BEGIN [A-Z0-9 ]*(?:PRIVATE KEY|CERTIFICATE)[A-Z ]*-----[\s\S]*?"
        r"(?:-----END [A-Z0-9 ]*-----|\Z))",
    ),
    _shape(PRIVATE_KEY, r"(?P<value>PuTTY-User-Key-File-[\s\S]*?(?:Private-MAC: \w+|\Z))"),
    _shape(PRIVATE_KEY, r"(?P<value>AGE-SECRET-KEY-1[0-9A-Z]+)"),
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
        # Up to the last "@": people forget to escape one. A gap that is filled later is none.
        r"(?<![A-Za-z])[A-Za-z][\w+.-]{0,20}://[^\s/:@\"']{0,99}:(?!(?:%s|%\(\w+\)s|\$?\{[^{}\s]*\})@)"
        r"(?P<value>[^\s/\"']+)@",
        PASSWORD,
    ),
    _shape(
        "encoded key",
        r"\b(?:\w*b(?:64|32|85)decode|unhexlify|fromhex|Fernet)\(\s*[rbu]{0,2}[\"']"
        r"(?P<value>[^\"'\n]{8,})[\"']",
    ),
    _shape(
        "password",
        r"(?i)(?:\bauth|basicauth|credentials?|login)\s*[=(]\s*\(?\s*[rbuf]?[\"'][^\"'\n]+[\"']\s*,"
        r"\s*[rbuf]?[\"'](?P<value>[^\"'\n]+)[\"']",
        PASSWORD,
    ),
    _shape(
        "password",
        r"\bcurl\b[^\n]{0,200}\s(?:-u|--user)\s*[\"']?[^\s:\"']+:(?P<value>[^\s\"']+)",
        PASSWORD,
    ),
    _shape(
        "password",
        r"\b(?:sshpass\s+-p\s*|mysql(?:dump)?\b[^\n]{0,200}\s-p)(?P<value>[^\s\"'-][^\s\"']*)",
        PASSWORD,
    ),
)

_RANDOM = re.compile(
    r"(?<![A-Za-z0-9+/_=.-])(?P<value>[A-Za-z0-9+/_-]{20,}={0,2})(?![A-Za-z0-9+/_=-])"
)
_HEX = re.compile(
    r"(?<![A-Za-z0-9])(?P<value>[0-9a-fA-F]{32,}|[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})"
    r"(?![A-Za-z0-9])"
)
#: What stands before a checksum, which is no secret: its kind.
_CHECKSUM = re.compile(
    r"(?i)(?:commit|revision|\brev|sha-?\d*|md5|checksum|digest|hash|\.git@|github\.com/[\w./-]+@)"
    r"[\w()\[\]]{0,24}\W{0,8}$"
)
#: What stands before pictures and sounds that are part of a text.
_MEDIA = re.compile(r"data:(?:image|audio|video|font)/[\w.+-]+;base64,$")
#: How far to look back for these.
_BEFORE = 48
#: Bits for each character: words are below, keys above (measured on the standard library's names).
_ENTROPY = 3.6


def look_random(text: str) -> Iterator[str]:
    """Yield what has the entropy of a key: of several kinds of characters, in no order."""
    for match in _HEX.finditer(text):
        if len(set(match["value"])) > 6 and not _CHECKSUM.search(_before(text, match)):
            yield match["value"]
    for match in _RANDOM.finditer(text):
        value, before = match["value"], _before(text, match)
        if _HEX.fullmatch(value) or _MEDIA.search(before) or _CHECKSUM.search(before):
            continue
        # Paths and long names have slashes and underscores between words.
        longest = max(re.split(r"[/_-]", value), key=len)
        path = value.startswith("/") or before.endswith(("/", "~", ":"))
        body = longest if path or len(longest) >= 16 else value
        if len(longest) < 10 or entropy(body) < _ENTROPY:
            continue
        groups = len(re.findall(r"\d+", body))
        mixed = re.search(r"[a-z]", body) and re.search(r"[A-Z]", body)
        if groups >= (3 if mixed else 5):
            yield value


def _before(text: str, match: re.Match[str]) -> str:
    return text[max(0, match.start() - _BEFORE) : match.start()]


def entropy(text: str) -> float:
    """Return Shannon's entropy in bits for each character."""
    counts = Counter(text).values()
    return -sum(count / len(text) * math.log2(count / len(text)) for count in counts)
