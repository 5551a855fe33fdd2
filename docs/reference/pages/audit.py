"""The page of the audit log."""

from __future__ import annotations

import json
import re
import tempfile
from dataclasses import asdict, fields
from inspect import cleandoc
from pathlib import Path

from jupyter_safecoder.hub.accounting.audit_log import AuditLog
from jupyter_safecoder.hub.accounting.record import Record

from .markdown import code, table

#: What the log adds to a record.
_CHAIN = {
    "previous": "Hash of the line before; 64 zeros in the first line.",
    "hash": "SHA-256 of this entry without `hash`: JSON with sorted keys, in hexadecimal.",
}
_TYPES = {"str": "text", "int": "integer", "float": "number", "float | None": "number or `null`"}


def audit_page() -> str:
    """Return the page of an entry's fields.

    Raises
    ------
    SystemExit
        If an entry that is written has other fields.
    """
    meanings = _meanings(Record)
    rows = [[code(f.name), _TYPES[str(f.type)], meanings[f.name]] for f in fields(Record)]
    rows += [[code(name), "text", meaning] for name, meaning in _CHAIN.items()]
    documented = {*meanings, *_CHAIN}
    if different := sorted(documented.symmetric_difference(_written_fields())):
        raise SystemExit(f"An entry and its documentation differ in: {', '.join(different)}.")
    return f"""
# Audit log

Files `audit-NUMBER.jsonl` in the directory `audit` of the service's state: a JSON object a line.
No text of users is in it. `jupyter safecoder audit verify` checks it.

{table(["field", "type", "meaning"], rows)}

A log with a key (`jupyter safecoder audit key`) has `number`, which counts the entries from 0, and
`code`: the HMAC-SHA-256 of the entry without `code` and `hash` (JSON with sorted keys), with the
key of its number. The key of the next number is the SHA-256 of the text `key of the next line of
an audit log`, a zero byte and the key. It overwrites the one before in the file `key`.

The log itself writes two kinds of entries. They have `time`, `action`, `previous` and `hash`, and:

{
        table(
            ["action", "fields", "meaning"],
            [
                ["`recovered`", "`bytes`", "An incomplete last line of so many bytes was cut off."],
                [
                    "`pruned`",
                    "`first`, `begins`",
                    "Files older than `retention_days` were deleted: the name of the first file "
                    "that is kept, and the hash before its first line.",
                ],
            ],
        )
    }
"""


def _meanings(cls: type) -> dict[str, str]:
    """Return the section 'Parameters' of a docstring in NumPy style, by name."""
    section = cleandoc(cls.__doc__ or "").partition("Parameters\n----------\n")[2]
    entries = re.findall(r"^(\w.*)\n((?:    .+\n?)+)", section, flags=re.MULTILINE)
    return {
        name: " ".join(text.split()).replace("``", "`").replace("`None`", "`null`")
        for names, text in entries
        for name in names.split(", ")
    }


def _written_fields() -> set[str]:
    """Return the fields of an entry as the log writes it."""
    with tempfile.TemporaryDirectory() as temporary:
        log = AuditLog(Path(temporary))
        log.write(asdict(Record("user")))
        log.close()
        (path,) = Path(temporary).glob("*.jsonl")
        return set(json.loads(path.read_text("utf-8")))
