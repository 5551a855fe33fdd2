"""Values that are given to a name that says that it is secret: in code, files, shells and prose."""

from __future__ import annotations

import re
from collections.abc import Iterator

from .patterns import KEY, PASSWORD, STRING, Found

_NAMING = (
    r"passw(?:or)?[dt]|passwd|passphrase|passcode|pass(?![a-z])|pwd|(?<![a-z])pw(?![a-z])|kennwort|"
    r"mot_?de_?passe|contrase[nñ]a|senha|secret|credential|"
    r"token(?!i[sz]|\w*ids?\b|s?_?(?:count|len|limit|type|per))|api[-_ ]?key|(?:access|account|"
    r"auth|private|secret|signing|encryption|master|shared|storage|license|client|consumer|service|"
    r"subscription|function|host|admin|user|app|application|ssh|aws|azure|gcp|openai)[-_ ]?key"
)
_SECRET = re.compile(_NAMING, re.IGNORECASE)
#: Names that have such a word in them and hold something else.
_INNOCENT = re.compile(
    r"(?:com|by|sur|tres|over|under|low|high|band|first|second|one|two|multi|single|forward|"
    r"backward)_?pass(?!w|p)|pass_?(?:rate|count|fail|band|through|e[sd]$)|"
    r"(?:url|uri|path|file|dir|name|label|hint|prompt|help|column|field|regex|pattern|policy|"
    r"length|endpoint|scope|type)s?$",
    re.IGNORECASE,
)
_PASSWORDISH = re.compile(r"pass|pwd|(?<![a-z])pw(?![a-z])|kennwort|contrase|senha", re.IGNORECASE)
#: A name that says what it holds, in code, JSON, YAML, keyword arguments and subscripts: from the
#: word that says so on. What is before it is looked up only then, or long runs would take ages.
_NAME = rf"(?i:(?P<name>(?:{_NAMING})[\w-]{{0,40}}))"
_WHOLE_NAME = rf"(?i:(?P<name>[\w.-]{{0,40}}(?:{_NAMING})[\w-]{{0,40}}))"
_BEFORE_NAME = re.compile(r"[\w.-]{0,40}\Z")
_LITERAL = (
    r"[rbuf]{0,2}(?P<quote>\"\"\"|'''|\"|')"
    r"(?P<value>(?:(?<=\"\"\"|''')(?:(?!(?P=quote))[\s\S])+?|(?:(?!(?P=quote))[^\n])+?))(?P=quote)"
)
_ASSIGNED = re.compile(
    rf"{_NAME}[\"']?\s{{0,9}}\]?\s{{0,9}}(?::\s{{0,9}}[\w\[\]., |]{{1,40}})?(?::=|==?|!=|:|=>)"
    rf"\s{{0,9}}\(?\s{{0,99}}{_LITERAL}"
)
#: ``setdefault("API_TOKEN", "…")``, ``("password", "…")``.
_PAIRED = re.compile(rf"[\"']{_WHOLE_NAME}[\"']\s*,\s*(?:default\s*=\s*)?{_LITERAL}")
#: Quotes that are escaped, because the whole is in a string.
_ESCAPED = re.compile(
    rf"{_NAME}\\[\"']\s{{0,9}}:\s{{0,9}}\\(?P<quote>[\"'])(?P<value>[^\"'\\\n]+)\\(?P=quote)"
)
_OPTION = re.compile(rf"(?<!-)--?{_WHOLE_NAME}[= ]\s*[\"']?(?P<value>[^\s\"'-][^\s\"']{{2,}})")
_SET = re.compile(rf"^[ \t]*%(?:set_)?env[ \t]+{_WHOLE_NAME}[ \t]+(?P<value>\S+)", re.MULTILINE)
#: Without quotes: in shells, environment files, connection strings and prose.
_BARE = re.compile(
    rf"{_NAME}[\"'*_`]{{0,9}}\s{{0,9}}(?P<sign>=|:|\bis\b|\bist\b|\s-\s)[\s*`]{{0,9}}"
    r"(?P<value>(?:(?!\\[nrt])[^\s\"'`;,&|<>(){}\[\]]){3,})(?=(?P<rest>[^\n]{0,80}))"
)
_SHELL = re.compile(r"^\s*(?:!|%env|%set_env|%sx|export\s|set\s|ENV\s)")
_COMMENT = re.compile(r"\"\"\"[\s\S]*?\"\"\"|'''[\s\S]*?'''|#[^\n]*")
#: What is written where a secret will stand, or names one.
_NO_VALUE = re.compile(r"[<\[{$(%].*|\*+|x+|\.{3}|none|null|true|false|\d{1,3}", re.IGNORECASE)
#: A quote that closes one literal was taken for one that opens another.
_BETWEEN = re.compile(r"\s*[)\]},;:+](?:\s|$)")
_COLUMNS = re.compile(r"\s*\|\s*|\t|\s{2,}")
#: Words that people write for a password in examples, and everywhere else in code.
WORDS = frozenset(
    {
        *("password", "passwd", "secret", "token", "apikey", "api_key", "string", "default"),
        *("example", "username", "changeme", "private", "public", "access", "credential"),
        *("credentials", "bearer", "basic", "required", "optional", "hidden"),
    }
)


def names_secret(name: str) -> bool:
    """Say whether what is given to a name is secret."""
    return bool(_SECRET.search(name)) and not _INNOCENT.search(name)


def assigned(text: str, *, code: bool) -> Iterator[Found]:
    """Yield what is given to a name that says that it is secret."""
    if not _SECRET.search(text):
        return
    for pattern in (_ASSIGNED, _PAIRED, _ESCAPED, _OPTION, _SET):
        for match in pattern.finditer(text):
            yield from judge(_name(match), match["value"])
    for place in words_in(text) if code else [text]:
        for match in _BARE.finditer(place):
            # An equals sign, or the end of the line behind it, makes a word of prose a value.
            plain = match["sign"].strip() != "=" and bool(match["rest"].strip(" \t.,;*`\"'"))
            yield from judge(_name(match), match["value"].rstrip(".:!?*_"), bare=True, prose=plain)
    if not code:
        yield from _columns(text)


def _name(match: re.Match[str]) -> str:
    start = match.start("name")
    before = _BEFORE_NAME.search(match.string[max(0, start - 40) : start])
    return (before[0] if before else "") + match["name"]


def words_in(code: str) -> list[str]:
    """Return what is not Python in a cell: shells, other languages, strings and comments."""
    # Outside of strings ``token = response`` assigns a name, unless a shell reads it.
    places = [line for line in code.split("\n") if _SHELL.match(line)]
    if code.lstrip().startswith("%%") and not code.lstrip().startswith("%%time"):
        return [code]
    places += [match.group()[1:-1] for match in STRING.finditer(code)]
    return places + [match.group() for match in _COMMENT.finditer(code)]


def judge(name: str, value: str, *, bare: bool = False, prose: bool = False) -> Iterator[Found]:
    """Yield a value unless it is none, or the name holds something else.

    Parameters
    ----------
    name, value
        As they are written.
    bare
        Whether the value has no quotes.
    prose
        Whether more words follow, so that the value may be one of them.
    """
    value = value.strip()
    if len(value) < 3 or _NO_VALUE.fullmatch(value) or _BETWEEN.match(value):
        return
    if not names_secret(name) or (bare and value.casefold() in WORDS):
        return
    if _PASSWORDISH.search(name):
        # In a sentence a word follows "password" more often than a password.
        if not prose or not value.isalpha() or not value.islower():
            yield value, "password", PASSWORD
    elif len(value) >= 6 and not re.search(r"\s", value) and not (bare and value.isalpha()):
        yield value, "key", KEY


def _columns(text: str) -> Iterator[Found]:
    """Yield the values below a heading that says that they are secret."""
    number, name = 0, ""
    for line in text.split("\n"):
        cells = _COLUMNS.split(line.strip().strip("|").strip())
        headings = [place for place, cell in enumerate(cells) if cell and names_secret(cell)]
        if not line.strip():
            name = ""
        elif headings and len(cells) > 1:
            # Counted from the end: a table that pandas prints has no heading over its index.
            number, name = len(cells) - headings[0], cells[headings[0]]
        elif name and len(cells) >= number > 0:
            yield from judge(name, cells[-number], bare=True)
