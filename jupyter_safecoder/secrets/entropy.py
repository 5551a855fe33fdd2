"""Strings that are as random as a key: by their pairs of characters, and hexadecimal digits."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise

from .bigrams import randomness
from .plausible import MIN_RANDOMNESS
from .secret import PASSWORD, Secret

#: A longer string is data: an image, weights, a compressed file.
_MAX_CHARACTERS = 200
_MIN_CHARACTERS = 20
#: As a whole string literal, shorter ones are keys too, if they have three classes of characters
#: and these are more random.
_MIN_QUOTED, _MIN_SHORT = 11, 2.5
_TOKEN = re.compile(r"[A-Za-z0-9+/_-]{11,}(?:[.~][A-Za-z0-9+/_-]{6,}){0,4}={0,2}")
#: What may stand before a token; it is not in the pattern, where it would be tried everywhere.
_IN_TOKEN = re.compile(r"[A-Za-z0-9+/_=.~-]")
#: A path of SVG.
_DRAWING = re.compile(r"[MmLlHhVvZzCcSsQqTtAa\d.,-]+")
_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_HEX_DIGITS = re.compile(r"[0-9a-fA-F-]+")
_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_HEX = re.compile(r"[0-9a-fA-F]{32,128}")
#: The words before a checksum, an identifier or data, which are no secrets.
_HARMLESS = re.compile(
    r"(?i)(?:commit|revision|\brev|sha-?\d*|md5|checksum|digest|hash(?:es)?|\.git@|"
    r"github\.com/[\w./-]{1,80}@|etag|fingerprint|integrity|signature|"
    r"(?:^|[^a-z])(?:ids?|uuid|guid|cid|doi|nonce|iv|tag|ref|version|expected|image|img|"
    r"icon|logo|png|svg|thumbnail|data|blob|payload|plaintext|ciphertext|vectors?|message|msg|"
    r"seq|sequences?|smiles|inchi(?:key)?|dna|rna|protein|alphabet|chars|charset|pattern|regex|format|"
    r"fmt|public_?key|pubkey|pub))"
    r"[\w()\[\]]{0,24}\W{0,8}$"
)
#: The name right before a value, and functions that take an identifier or data.
_TAKES_HASH = re.compile(
    r"(?i)(?:assert\w{0,20}|checkout|commit|hash\w{0,12}|md5|sha\d{0,3}|digest|uuid|get_run|get_by_id|"
    r"load_\w{1,20}|verify|compare|expected|known_hash|fingerprint|equal)\b[^\n]{0,200}$"
)
#: The text before an image or a sound that is embedded in a document.
_MEDIA = re.compile(r"data:[a-z]{1,20}/[\w.+-]{1,60};base64,$")
_ADDRESS = re.compile(r"://[^\s\"'?&=@]{0,200}$")
_FILE_BEFORE = re.compile(
    r"\.(?:zip|gz|tgz|bz2|xz|tar|csv|tsv|txt|json|npz?|h5|whl|py|pth?|bin|png)\b[^\n]{0,40}$"
)
_ASSIGNED = re.compile(r"(?:[=(,]\s{0,20})[rbuf]{0,2}[\"']$")
_ASSIGNED_TO_NAME = re.compile(r"=\s{0,20}[rbuf]{0,2}[\"']$")
_DECODER = re.compile(
    r"(?:\w{1,20}\.)?(?:fromhex|unhexlify|\w{0,20}b64decode)\(\s{0,9}[rbu]{0,2}[\"']$"
)
_LITERAL_WITH_SIGN = re.compile(r"[\"'](?P<value>[A-Za-z0-9!#$%&*+?=._@^~-]{10,40})[\"']")
#: Words and numbers with a sign between them: a version, a name, a file.
_SEPARATED = re.compile(
    r"(?:[A-Za-z]{3,}|[A-Za-z]?\d{1,8})(?:[._=+@&-](?:[A-Za-z]{2,}|[A-Za-z]{0,2}\d{1,8}))*"
)
_MIN_WITH_SIGN = 2.0
_QUOTES = ('"', "'", "`")
#: A line of encoded data, in quotes or not. Of data without quotes, the last line may be short.
_LINE_OF_DATA = re.compile(
    r"[ \t\"'+\\,()\[\]b]{0,40}[A-Za-z0-9+/_-]{40,}=*[ \t\"'+\\,()\[\]n]{0,9}$|"
    r"[ \t]{0,40}[A-Za-z0-9+/_-]{16,}=*[ \t\\]{0,9}$"
)
_MIN_DATA_LINE = 40
_SEQUENTIAL = 0.5
#: Characters before a string that are searched for these.
_LOOKBEHIND = 48


def find_random(text: str) -> Iterator[Secret]:
    """Yield the random strings of a text, unless the text before one shows what it is."""
    for match in _TOKEN.finditer(text):
        start, value = match.start(), match[0]
        if start and _IN_TOKEN.match(text, start - 1):
            continue
        if len(value) <= _MAX_CHARACTERS and _is_key(text, start, value):
            yield Secret(value, "high entropy", start=start)


def find_random_passwords(text: str) -> Iterator[Secret]:
    """Yield the string literals that have what a generator of passwords makes, with signs."""
    for match in _LITERAL_WITH_SIGN.finditer(text):
        value = match["value"]
        bare = "".join(filter(str.isalnum, value))
        if len(bare) == len(value) or _classes(bare) < 3 or _SEPARATED.fullmatch(value):
            continue
        before = text[max(0, match.start("value") - _LOOKBEHIND) : match.start("value")]
        if randomness(bare) > _MIN_WITH_SIGN and not _HARMLESS.search(before):
            yield Secret(value, "password", PASSWORD, match.start("value"))


def _is_key(text: str, start: int, value: str) -> bool:
    if _DRAWING.fullmatch(value) or _DATE.match(value):
        return False
    if _HEX_DIGITS.fullmatch(value):
        return _is_hexadecimal_key(text, start, value)
    quoted = (
        text[start - 1 : start] in _QUOTES
        and text[start + len(value) : start + len(value) + 1] in _QUOTES
    )
    if len(value) < (_MIN_CHARACTERS if not quoted else _MIN_QUOTED):
        return False
    bits = _MIN_SHORT if len(value) < 16 else MIN_RANDOMNESS
    if len(value) > 36 and _UUID.search(value):
        return False
    if _classes(value) < (3 if len(value) < 16 else 2):
        return False
    if randomness(value.rstrip("=")) < bits or _is_sequential(value):
        return False
    before = _before(text[max(0, start - _LOOKBEHIND) : start])
    if _MEDIA.search(before) or _HARMLESS.search(before):
        return False
    if (
        value.startswith("//")
        or text[start - 1 : start] == "/"
        or _ADDRESS.search(text[max(0, start - 200) : start])
    ):
        return False
    return not _is_block(text, start, start + len(value))


def _is_hexadecimal_key(text: str, start: int, value: str) -> bool:
    is_uuid = bool(_UUID.fullmatch(value))
    if len(set(value)) <= 6 or not (is_uuid or _HEX.fullmatch(value)):
        return False
    line = text[text.rfind("\n", max(0, start - 200), start) + 1 : start][-200:]
    named = _ASSIGNED_TO_NAME if is_uuid else _ASSIGNED
    if not named.search(line) or text[start + len(value) : start + len(value) + 1] not in "\"'":
        return False
    return not (
        _HARMLESS.search(_before(line[-_LOOKBEHIND:]))
        or _TAKES_HASH.search(line)
        or _FILE_BEFORE.search(line)
    )


def _before(text: str) -> str:
    """Return the text before a literal, without a function that decodes it."""
    return _DECODER.sub("", text)


def _classes(value: str) -> int:
    """Return the number of classes: capital letters, small letters, digits."""
    return (value.upper() != value) + (value.lower() != value) + any(map(str.isdigit, value))


def _is_sequential(value: str) -> bool:
    """Return whether most characters follow the one before: an alphabet."""
    return sum(ord(b) - ord(a) == 1 for a, b in pairwise(value)) > _SEQUENTIAL * len(value)


def _is_block(text: str, start: int, end: int) -> bool:
    """Return whether a string is a line of several that are such strings: encoded data."""
    quoted = text[start - 1 : start] in _QUOTES
    if end - start < (_MIN_DATA_LINE if quoted else 16):
        return False
    first = text.rfind("\n", 0, start) + 1
    last = text.find("\n", end)
    last = len(text) if last < 0 else last
    above = text[text.rfind("\n", 0, max(0, first - 1)) + 1 : max(0, first - 1)]
    below = text[last + 1 : last + 200].partition("\n")[0]
    return _is_data_line(text[first:last]) and (_is_data_line(above) or _is_data_line(below))


def _is_data_line(line: str) -> bool:
    return len(line) <= _MAX_CHARACTERS and bool(_LINE_OF_DATA.match(line))


def entropy(text: str) -> float:
    """Return Shannon's entropy in bits per character."""
    counts = Counter(text).values()
    return -sum(count / len(text) * math.log2(count / len(text)) for count in counts)
