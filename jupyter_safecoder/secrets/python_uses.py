"""Finds values by what Python code uses them for: arguments of logins, pairs, users.

``pymysql.connect("host", "root", "…")`` names no password. What it is follows from the function and
from the position of the argument.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

from .literals import Literal, Literals, name_of
from .names import is_secret_name
from .plausible import COMMON_WORDS, is_gap, is_random, resembles_password, resembles_path
from .secret import PASSWORD, Secret

#: Functions whose last positional argument of several is a password or a key.
_LAST = frozenset(
    {
        *("httpbasicauth", "httpdigestauth", "httpntlmauth", "httpproxyauth", "basicauth"),
        *("digestauth", "ntlmauth", "passwordauthenticator", "plaintextauthprovider", "login"),
        *("usernamepasswordcredential", "clientsecretcredential", "authenticate", "signin"),
        *("logon", "loginuser", "setpassword", "setauth", "addpassword", "addcredentials"),
        *("createuser", "changepassword", "userpass", "usernamepassword", "oauth1", "oauth2"),
        *("oauth1session", "oauthhandler", "oauth1userhandler", "setaccesstoken", "tableauauth"),
        *("passwordcredentials", "networkcredential", "minio", "storagesharedkeycredential"),
        *("azurenamedkeycredential", "aws4auth", "serviceprincipalauthentication", "ftp", "ftptls"),
        *("usernamepasswordauth", "userpasswordcredential", "plaincredentials", "credentials"),
        *(
            "signinwithpassword",
            "authenticateuser",
            "checkpassword",
            "verifypassword",
            "simplebind",
        ),
        *("setbasicauth", "addauth", "basiccredentials", "wallet", "setcredentials", "dblogin"),
    }
)
#: Functions whose first argument is one.
_FIRST = frozenset(
    {
        *("totp", "hotp", "decrypt", "setpassword", "fernet", "aesgcm", "chacha20poly1305"),
        *("secretstr", "azurekeycredential", "fromkey", "frommnemonic", "hashpw", "makepassword"),
        *("generatepasswordhash", "scrypt", "pbkdf2", "setauthtoken", "setapikey", "settoken"),
        *("tokenauth", "apikeyauth", "bearerauth", "httpbearerauth", "passwordinput", "password"),
        *("loadkey", "unlock", "settokensecret", "authtoken", "apikey", "apikeycredential"),
        *("accesstoken", "staticauth", "tokencredential", "mnemonictoseed", "toseed", "keyfrom"),
    }
)
#: Functions that open a connection: host, port, user, password, in this order or without the port.
_CONNECTING = re.compile(r"connect|redis|client$|session$|cluster$|mongo|server$|imap|smtp|pop3")
#: Receivers and methods whose first, or second, argument is a key.
_KEYED_METHODS = {
    **{(name, "new"): 0 for name in ("hmac", "aes", "des", "des3", "blowfish", "arc4", "cmac")},
    **{(name, method): 1 for name in ("jwt", "jws", "jose") for method in ("encode", "decode")},
    ("hashlib", "pbkdf2_hmac"): 1,
    ("hashlib", "blake2b"): 1,
}
_NAMES_OF_PAIRS = re.compile(
    r"(?:^|_)(?:auth|creds?|credentials?|logins?|basic_?auth|http_?auth|user_?pass|userpwd|proxy_?auth|"
    r"account|zugang|zugangsdaten)$"
)
_NAMES_OF_USERS = re.compile(
    r"users?(?:$|_)|accounts?$|logins?$|credentials?|creds$|passwords?$|passw(?:oe|ö)rter$|"
    r"username_?password|benutzer$|usuarios$|utilisateurs$|nutzer$"
)
_TAKES_USERS = frozenset(
    {"basicauth", "authenticator", "basic_auth", "launch", "staticauthprovider"}
)
#: A part of each word above, to tell quickly that a text has none of them.
CALL_HINTS = (
    *("login", "log_in", "logon", "sign_in", "signin", "cred", "accounts", "users", "user_pass"),
    *(
        "userpwd",
        "userp",
        "create_user",
        "createuser",
        "minio",
        "wallet",
        "ftp",
        "connect",
        "redis",
    ),
    *("client(", "session(", "cluster(", "mongo", "server(", "imap", "smtp", "pop3", "simple_bind"),
    *("simplebind", "crypt", "hmac", "jwt", "jws", "jose", "fernet", "aes", "poly1305", "hashpw"),
    *("pbkdf", "to_seed", "toseed", "unlock", "send_keys", "sendline", "input_text", "press_seq"),
    *("zugang", "benutzer", "usuario", "utilisateur", "nutzer", "launch(", "des.", "des3", "arc4"),
    *("blowfish", "cmac", "blake2b", "auth", "totp", "hotp", "load_key", "loadkey", "from_key"),
    "fromkey",
)
_TYPING = frozenset({"send_keys", "sendline", "input_text", "press_sequentially"})
#: Four groups of four letters: a password that Google makes for an application.
_APPLICATION_PASSWORD = re.compile(r"[a-z]{4}(?: [a-z]{4}){3}")
_PHRASE = re.compile(r"[a-z]{3,8}(?: [a-z]{3,8}){11,23}")
_MIN_CHARACTERS = 4
#: The nodes that use a value.
_USING = (ast.Call, ast.keyword, ast.Assign, ast.AnnAssign)


@dataclass(frozen=True)
class Use:
    """An expression that is used as a password or a key.

    ``certain``: any value is one; otherwise it must not be a word.
    """

    node: ast.AST
    certain: bool


def find_used_values(literals: Literals, missing: dict[str, bool]) -> Iterator[Secret]:
    """Yield the literals that are used as a secret.

    Parameters
    ----------
    literals
        A cell.
    missing
        Gets the names that are used as a secret and that the cell assigns no literal to, and
        whether any value of theirs is one.
    """
    for node in literals.nodes:
        for use in _uses(node) if isinstance(node, _USING) else ():
            names: set[str] = set()
            for part in literals.parts(use.node, names):
                if is_usable(part.text, certain=use.certain):
                    yield secret_from(part)
            for name in names:
                missing[name] = missing.get(name, False) or use.certain


def secret_from(literal: Literal) -> Secret:
    """Return a literal as a secret."""
    return Secret(literal.text, "password", PASSWORD, literal.start)


def is_usable(value: str, *, certain: bool) -> bool:
    """Return whether the argument of a login can be a secret.

    Parameters
    ----------
    value
        The text of the literal.
    certain
        Whether any word is one.
    """
    if _APPLICATION_PASSWORD.fullmatch(value) or _PHRASE.fullmatch(value):
        return True
    if len(value) < _MIN_CHARACTERS or is_gap(value) or value.casefold() in COMMON_WORDS:
        return False
    if any(map(str.isspace, value)) or resembles_path(value):
        return False
    return certain or resembles_password(value) or (len(value) >= 12 and is_random(value))


def shows_secret(literals: Literals) -> bool:
    """Return whether the output of a cell is the value of a secret name."""
    if not literals.tree.body or not isinstance(literals.tree.body[-1], ast.Expr):
        return False
    value = literals.tree.body[-1].value
    if isinstance(value, ast.Call) and name_of(value.func) in ("print", "display"):
        return any(_is_secret_value(argument) for argument in value.args)
    return _is_secret_value(value)


def _is_secret_value(node: ast.AST) -> bool:
    if isinstance(node, ast.Call):
        name = name_of(node.func)
        if name in ("get", "getenv", "pop", "format"):
            return any(is_secret_name(name_of(argument)) for argument in node.args[:1])
        return name.startswith(("get_", "read_", "load_", "token_")) and is_secret_name(name)
    if isinstance(node, ast.JoinedStr):
        return any(
            isinstance(one, ast.FormattedValue) and _is_secret_value(one.value)
            for one in node.values
        )
    is_named = isinstance(node, (ast.Name, ast.Attribute, ast.Subscript))
    return is_named and is_secret_name(name_of(node))


def _uses(node: ast.AST) -> Iterator[Use]:
    match node:
        case ast.Call():
            yield from _uses_of_call(node)
        case ast.keyword(arg=str() as name, value=value):
            yield from _uses_of_name(name, value)
        case ast.Assign(targets=targets, value=value):
            for target in targets:
                yield from _uses_of_name(name_of(target), value)
        case ast.AnnAssign(target=target, value=ast.AST() as value):
            yield from _uses_of_name(name_of(target), value)


def _uses_of_call(call: ast.Call) -> Iterator[Use]:
    name = name_of(call.func)
    folded = name.lower().replace("_", "")
    arguments = call.args
    receiver = name_of(call.func.value).lower() if isinstance(call.func, ast.Attribute) else ""
    place = _KEYED_METHODS.get((receiver, name.lower()))
    if place is not None and len(arguments) > place:
        yield Use(arguments[place], certain=True)
    if folded in _LAST and len(arguments) > 1:
        yield Use(arguments[-1], certain=True)
        yield from (Use(one, certain=False) for one in arguments[1:-1])
    elif folded in _FIRST and arguments:
        yield Use(arguments[0], certain=True)
    elif _CONNECTING.search(folded):
        yield from _uses_of_connection(arguments)
    elif folded in _LAST or is_secret_name(name) or "auth" in folded:
        yield from (Use(one, certain=False) for one in arguments)
    if folded in ("password", "passwordinput"):
        yield from (Use(one.value, certain=True) for one in call.keywords if one.arg == "value")
    if name in _TYPING and arguments and isinstance(call.func, ast.Attribute):
        field = call.func.value
        of_password = isinstance(field, ast.Call) and any(
            is_secret_name(name_of(argument)) for argument in field.args
        )
        named = is_secret_name(name_of(field))
        yield Use(arguments[0], certain=of_password or named)
    if folded in _TAKES_USERS:
        for argument in [*arguments, *(one.value for one in call.keywords)]:
            yield from _values_of_users(argument, certain=True)


def _uses_of_connection(arguments: list[ast.expr]) -> Iterator[Use]:
    """Read ``connect(host, user, password, database)`` and ``connect(host, port, user, …)``."""
    if len(arguments) < 2:
        yield from (Use(one, certain=False) for one in arguments)
        return
    with_port = isinstance(arguments[1], ast.Constant) and isinstance(arguments[1].value, int)
    place = 3 if with_port else 2
    for number, argument in enumerate(arguments[1:], 1):
        yield Use(argument, certain=number == place and len(arguments) > 2)


def _uses_of_name(name: str, value: ast.AST) -> Iterator[Use]:
    lowered = name.lower()
    match value:
        case ast.Tuple(elts=[_, *_, last]) | ast.List(elts=[_, *_, last]):
            if _NAMES_OF_PAIRS.search(lowered) and not isinstance(last, (ast.Tuple, ast.List)):
                yield Use(last, certain=True)
    if _NAMES_OF_USERS.search(lowered):
        yield from _values_of_users(value, certain="pass" in lowered or "cred" in lowered)


def _values_of_users(node: ast.AST, *, certain: bool) -> Iterator[Use]:
    """Read ``{"anna": "…"}`` and ``[("anna", "…")]``."""
    match node:
        case ast.Dict():
            yield from (Use(value, certain) for value in node.values if _is_text(value))
        case ast.List() | ast.Tuple():
            for one in node.elts:
                if isinstance(one, (ast.Tuple, ast.List)) and len(one.elts) > 1:
                    yield Use(one.elts[-1], certain)


def _is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, (str, bytes))
