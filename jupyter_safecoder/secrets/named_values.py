"""Finds values that are assigned to a secret name, in code, files, shell commands and prose.

A name such as ``db_password`` or ``API_TOKEN`` marks its value as a secret.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from .secret import PASSWORD, Secret

_NAMING = (
    r"passw(?:or)?[dt]|passwd|passphrase|passcode|pass(?![a-z])|pwd|(?<![a-z])pw(?![a-z])|kennwort|"
    r"mot_?de_?passe|contrase[nñ]a|senha|secret|credential|"
    r"token(?!i[sz]|\w*ids?\b|s?_?(?:count|len|limit|type|per))|api[-_ ]?key|(?:access|account|"
    r"auth|private|secret|signing|encryption|master|shared|storage|license|client|consumer|service|"
    r"subscription|function|host|admin|user|app|application|ssh|aws|azure|gcp|openai)[-_ ]?key"
)
_SECRET = re.compile(_NAMING, re.IGNORECASE)
#: Names that contain such a word and hold something else.
_HARMLESS = re.compile(
    r"(?:com|by|sur|tres|over|under|low|high|band|first|second|one|two|multi|single|forward|"
    r"backward)_?pass(?!w|p)|pass_?(?:rate|count|fail|band|through|e[sd]$)|"
    r"(?:url|uri|path|file|dir|name|label|hint|prompt|help|column|field|regex|pattern|policy|"
    r"length|endpoint|scope|type)s?$",
    re.IGNORECASE,
)
_PASSWORDISH = re.compile(r"pass|pwd|(?<![a-z])pw(?![a-z])|kennwort|contrase|senha", re.IGNORECASE)
#: A secret name in code, JSON, YAML, keyword arguments and subscripts, from the word that marks it
#: as secret on. The characters before are read after a match: on long runs, matching them too would
#: take minutes.
_NAME = rf"(?i:(?P<name>(?:{_NAMING})[\w-]{{0,40}}))"
_WHOLE_NAME = rf"(?i:(?P<name>[\w.-]{{0,40}}(?:{_NAMING})[\w-]{{0,40}}))"
_NAME_START = re.compile(r"[\w.-]{0,40}\Z")
_LITERAL = (
    r"[rbuf]{0,2}(?P<quote>\"\"\"|'''|\"|')"
    r"(?P<value>(?:(?<=\"\"\"|''')(?:(?!(?P=quote))[\s\S])+?|(?:(?!(?P=quote))[^\n])+?))(?P=quote)"
)
_ASSIGNMENT = re.compile(
    rf"{_NAME}[\"']?\s{{0,9}}\]?\s{{0,9}}(?::\s{{0,9}}[\w\[\]., |]{{1,40}})?(?::=|==?|!=|:|=>)"
    rf"\s{{0,9}}\(?\s{{0,99}}{_LITERAL}"
)
#: ``setdefault("API_TOKEN", "…")``, ``("password", "…")``.
_PAIR = re.compile(rf"[\"']{_WHOLE_NAME}[\"']\s*,\s*(?:default\s*=\s*)?{_LITERAL}")
#: Quotes that are escaped, because the assignment is in a string literal.
_ESCAPED = re.compile(
    rf"{_NAME}\\[\"']\s{{0,9}}:\s{{0,9}}\\(?P<quote>[\"'])(?P<value>[^\"'\\\n]+)\\(?P=quote)"
)
_OPTION = re.compile(rf"(?<!-)--?{_WHOLE_NAME}[= ]\s*[\"']?(?P<value>[^\s\"'-][^\s\"']{{2,}})")
_ENV_MAGIC = re.compile(
    rf"^[ \t]*%(?:set_)?env[ \t]+{_WHOLE_NAME}[ \t]+(?P<value>\S+)", re.MULTILINE
)
#: Without quotes: in shell commands, environment files, connection strings and prose.
_UNQUOTED = re.compile(
    rf"{_NAME}[\"'*_`]{{0,9}}\s{{0,9}}(?P<sign>=|:|\bis\b|\bist\b|\s-\s)[\s*`]{{0,9}}"
    r"(?P<value>(?:(?!\\[nrt])[^\s\"'`;,&|<>(){}\[\]]){3,})(?=(?P<rest>[^\n]{0,80}))"
)
_SHELL = re.compile(r"^\s*(?:!|%env|%set_env|%sx|export\s|set\s|ENV\s)")
_COMMENT = re.compile(r"\"\"\"[\s\S]*?\"\"\"|'''[\s\S]*?'''|#[^\n]*")
#: Values that are a gap to fill in, a variable's name, or no secret at all.
_NO_SECRET = re.compile(r"[<\[{$(%].*|\*+|x+|\.{3}|none|null|true|false|\d{1,3}", re.IGNORECASE)
#: Text between two literals: a closing quote was matched as an opening one.
_BETWEEN_LITERALS = re.compile(r"\s*[)\]},;:+](?:\s|$)")
_COLUMN_BREAK = re.compile(r"\s*\|\s*|\t|\s{2,}")
#: A string literal on one line, in either quote.
_STRING = re.compile(r"\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*'")
#: Words that are passwords in examples, and ordinary words everywhere else.
COMMON_WORDS = frozenset(
    {
        *("password", "passwd", "secret", "token", "apikey", "api_key", "string", "default"),
        *("example", "username", "changeme", "private", "public", "access", "credential"),
        *("credentials", "bearer", "basic", "required", "optional", "hidden"),
    }
)


def is_secret_name(name: str) -> bool:
    """Return whether the values of a name are secret."""
    return bool(_SECRET.search(name)) and not _HARMLESS.search(name)


def find_named_values(text: str, *, code: bool) -> Iterator[Secret]:
    """Yield the values of secret names in a text.

    Parameters
    ----------
    text
        Code, prose, or an output.
    code
        Whether it is code, where ``password = name`` assigns no secret.
    """
    if not _SECRET.search(text):
        return
    for pattern in (_ASSIGNMENT, _PAIR, _ESCAPED, _OPTION, _ENV_MAGIC):
        for match in pattern.finditer(text):
            yield from secret_of(_name(match), match["value"])
    for part in other_text(text) if code else [text]:
        for match in _UNQUOTED.finditer(part):
            # An equals sign, or the end of the line behind it, makes a word of prose a value.
            prose = match["sign"].strip() != "=" and bool(match["rest"].strip(" \t.,;*`\"'"))
            value = match["value"].rstrip(".:!?*_")
            yield from secret_of(_name(match), value, quoted=False, prose=prose)
    if not code:
        yield from _find_in_columns(text)


def _name(match: re.Match[str]) -> str:
    start = match.start("name")
    before = _NAME_START.search(match.string[max(0, start - 40) : start])
    return (before[0] if before else "") + match["name"]


def other_text(code: str) -> list[str]:
    """Return the parts of a cell that are not Python: other languages, shell, strings, comments."""
    if code.lstrip().startswith("%%") and not code.lstrip().startswith("%%time"):
        return [code]
    # In Python ``token = response`` assigns a name; a shell reads it as a value.
    shell = [line for line in code.split("\n") if _SHELL.match(line)]
    strings = [match.group()[1:-1] for match in _STRING.finditer(code)]
    return shell + strings + [match.group() for match in _COMMENT.finditer(code)]


def secret_of(
    name: str, value: str, *, quoted: bool = True, prose: bool = False
) -> Iterator[Secret]:
    """Yield the value of a name as a secret, if it is one.

    Parameters
    ----------
    name, value
        As they are written.
    quoted
        Whether the value is a string literal.
    prose
        Whether more words follow the value, which may then be an ordinary word.
    """
    value = value.strip()
    if len(value) < 3 or _NO_SECRET.fullmatch(value) or _BETWEEN_LITERALS.match(value):
        return
    if not is_secret_name(name) or (not quoted and value.casefold() in COMMON_WORDS):
        return
    if _PASSWORDISH.search(name):
        # In a sentence an ordinary word follows "password" more often than a password.
        if not prose or not value.isalpha() or not value.islower():
            yield Secret(value, "password", PASSWORD)
    elif len(value) >= 6 and not re.search(r"\s", value) and (quoted or not value.isalpha()):
        yield Secret(value, "key")


def _find_in_columns(text: str) -> Iterator[Secret]:
    """Yield the values below a heading that is a secret name."""
    from_end, name = 0, ""
    for line in text.split("\n"):
        cells = _COLUMN_BREAK.split(line.strip().strip("|").strip())
        headings = [n for n, cell in enumerate(cells) if cell and is_secret_name(cell)]
        if not line.strip():
            name = ""
        elif headings and len(cells) > 1:
            # Counted from the end: in a table that pandas prints, the index has no heading.
            from_end, name = len(cells) - headings[0], cells[headings[0]]
        elif name and len(cells) >= from_end > 0:
            yield from secret_of(name, cells[-from_end], quoted=False)
