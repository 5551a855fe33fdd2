"""Finds passwords in sentences, of several languages, in markdown, outputs and comments.

In a sentence, the value must have what words do not have: a digit, or a sign within.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from .named_values import other_regions
from .plausible import is_gap, is_random, resembles_password, resembles_word_with_number
from .secret import PASSWORD, Secret

_NOUN = (
    r"password|passwort|passwd|kennwort|passphrase|passcode|mot de passe|contraseña|contrasena|"
    r"clave|senha|palavra-passe|wachtwoord|parola d'ordine|parola|hasło|haslo|"
    r"lösenord(?:et)?|losenord|salasana|adgangskode(?:n)?|passord(?:et)?|heslo|jelszó|lozinka|şifre|пароль|"
    r"密码|密碼|パスワード|비밀번호"
)
_NAMED = (
    rf"{_NOUN}|api[- ]?key|"
    r"api[- ]?schlüssel|access token|token|secret|pwd|pw|pass|geheimwort|zugangscode"
)
_IS = (
    r"is|ist|lautet|lautete|war|was|heißt|est|es|è|é|er|är|on|to|jest|je|це|это|είναι|是|は|"
    r"будет|remains|zu|auf|en|a|til|till|reads|becomes|bleibt|sera|será|sarà|wurde auf|"
    r":|\uff1a|=|-|\u2014|\u2013|→"
)
_VALUE = (
    r"[`\"'*_„“«]{0,3}(?P<value>(?=[^\s`\"'“”»<>]{0,60}[\d!#$%&*+?@^~=])"
    r"[^\s`\"'“”»<>]{4,100})"
)
#: "The password for the lab server is …", "Passwort für den Server: …", "with the password …".
_BETWEEN = r"(?:[`\"'*_)]{0,3}[ ,]{1,2}(?:[^\s.!?;=`\"]|\.(?=\w)){1,40})"
#: The verb of such a sentence, and the value.
_SAYS = (
    rf"[`\"'*_)]{{0,3}}[ ]{{0,2}}(?:(?<![^\W_])(?:{_IS})(?![^\W_])|[:\uff1a是はが])[ :]{{0,2}}"
    rf"{_VALUE}"
)
_SENTENCE = re.compile(
    rf"(?<![\w-])(?:{_NAMED}){_BETWEEN}{{0,8}}?"
    rf"{_SAYS}",
    re.IGNORECASE,
)
_DIRECT = re.compile(
    rf"(?<![\w-])(?:{_NAMED}){_BETWEEN}{{0,3}}?[`\"'*_)]{{0,3}}[ :\uff1a]{{1,3}}{_VALUE}",
    re.IGNORECASE,
)
#: "The password is …", and the value ends the sentence: it may be a word with a number.
_PLAIN = re.compile(
    rf"(?<![\w-])(?:{_NOUN})(?:[`\"'*_)]{{0,3}} [^\s.!?;:=`\"]{{1,30}}){{0,5}}?"
    rf"{_SAYS}(?=[`\"'”»*_)\]]{{0,3}}(?:[.,;!。]|\s{{0,3}}$|\s{{0,3}}(?:です|입니다)))",
    re.IGNORECASE,
)
#: "… is the password".
_REVERSED = re.compile(
    rf"(?<![^\s`\"'*]){_VALUE}[`\"'*]{{0,3}} "
    r"(?:is|ist|est|es|è|é|är|er|on|jest|as|als|comme|como|come|som) "
    rf"(?:(?:the|our|my|das|unser|mein|dein|le|la|il|el|o|a|het|ons) )?(?:\w{{1,20}} )?"
    rf"(?:{_NAMED})(?!\w)",
    re.IGNORECASE,
)
_ACCESS = (
    r"zugangsdaten|zugang|login|log in|logins|log-in|sign in|credentials?|anmeldung|anmelden|"
    r"anmeldedaten|account|konto|user(?:name)?|benutzer(?:name)?|identifiants?|accès|acceso|"
    r"acceder|credenciales|accesso|credenziali|acesso|inloggegevens|inloggen|logowanie|"
    r"dane logowania|logga in|kirjautuminen|логин|доступ|access|auth|nutzer|"
    r"wifi|wi-fi|wlan|ssid|portal"
)
#: "Zugangsdaten: anna / …", "Credentials: anna:…".
_PAIR = re.compile(
    rf"(?<!\w)(?:{_ACCESS})(?!\w)[`\"'*_)]{{0,3}}[^\n:=/.!?]{{0,16}}?[:=]?[ ]{{0,3}}"
    rf"[`\"'*_(]{{0,3}}[\w.@+-]{{1,24}}[`\"'*_]{{0,3}} ?[/:|] ?{_VALUE}",
    re.IGNORECASE,
)
#: A heading with the value below: "**Passwort**", "`…`".
_HEADING = re.compile(
    rf"^[#*>_ \t-]{{0,9}}(?:{_NAMED})[*:_ \t]{{0,9}}\n\s{{0,9}}{_VALUE}"
    r"[`*\"'_]{0,3}[ \t]{0,9}$",
    re.IGNORECASE | re.MULTILINE,
)
#: A row of a table of users, as Python prints it.
_ROW = re.compile(
    r"^[\[ ]{0,3}\((?:(?:\d{1,9}|'[\w.@-]{0,60}'), ){1,4}'(?P<value>[^'\s]{6,60})'\)[\],]{0,2}$",
    re.MULTILINE,
)
#: "anna / …", alone on a line or beside a word for access.
_SLASH = re.compile(rf"(?<![^\s`\"'*(])[\w.@+-]{{2,40}}[`\"'*_]{{0,3}} / {_VALUE}")
_ACCESS_WORD = re.compile(rf"(?<!\w)(?:{_ACCESS}|{_NAMED})(?!\w)", re.IGNORECASE)
_NUMBERED = re.compile(r"[A-Za-z]{1,40}\d{1,4}")
#: The end of a sentence, or of a list, that follows a value.
_AFTER = ".,;:!?)*_]}"
_MAX_LINE = 1000
_WORD = re.compile(_NAMED + "|" + _ACCESS)
#: A heading with a number, a version, a name of a product.
_NAME_AND_NUMBER = re.compile(
    r"\A(?:[A-Za-z]{1,4}-?\d{1,4}$|\d{1,3}-[a-z]{1,20}$|[a-z]{1,20}-\d{1,4}$|\w{1,20}\(|"
    r"[\w-]{1,40}=\S{0,40}$|#\d{1,9}$|@\w{1,40}$|[A-Za-z]{1,20}\+[A-Za-z+]{1,20}$|\w{1,20}'\w$)"
)


def find_in_sentences(text: str, *, code: bool) -> Iterator[Secret]:
    """Yield the passwords that sentences name.

    Parameters
    ----------
    text
        Markdown, an output, or code with comments.
    code
        Whether it is code, of which strings and comments are read.
    """
    if code and not _WORD.search(text.lower()):
        return
    for pattern in () if code else (_HEADING, _ROW):
        for match in pattern.finditer(text):
            if not _NUMBERED.fullmatch(match["value"]):
                yield from _password(match, 0)
    for first, last in other_regions(text) if code else [(0, len(text))]:
        start = first
        for line in text[first:last].split("\n"):
            if len(line) <= _MAX_LINE:
                yield from _find_in_line(line, start)
            start += len(line) + 1


def _find_in_line(line: str, start: int) -> Iterator[Secret]:
    if _WORD.search(line.lower()):
        for pattern in (_SENTENCE, _DIRECT, _REVERSED, _PAIR):
            for match in pattern.finditer(line):
                yield from _password(match, start)
        for match in _PLAIN.finditer(line):
            if resembles_word_with_number(match["value"].rstrip(_AFTER)):
                yield _secret(match, start)
    if " / " in line:
        for match in _SLASH.finditer(line):
            is_alone = line.strip(" \t>*-`") == match[0].strip(" \t>*-`")
            is_pair = is_alone and not _NUMBERED.fullmatch(match["value"])
            if is_pair or _ACCESS_WORD.search(line):
                yield from _password(match, start)


def _password(match: re.Match[str], start: int) -> Iterator[Secret]:
    value = match["value"].rstrip(_AFTER)
    if is_gap(value) or not resembles_password(value) or _NAME_AND_NUMBER.match(value):
        return
    if "/" in value and not is_random(value):
        return
    yield _secret(match, start)


def _secret(match: re.Match[str], start: int) -> Secret:
    value = match["value"].rstrip(_AFTER)
    return Secret(value, "password", PASSWORD, start + match.start("value"))
