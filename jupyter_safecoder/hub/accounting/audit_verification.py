"""Verifies an audit log: its hash chain, hashes that were noted, and the codes of its key.

The chain alone finds lines that were altered, removed or moved, unless all hashes after them were
computed again. A noted hash finds that, too, for all lines before it. With the first key of the
log, all lines are proved that were written before someone took over the service: see
``audit_key.py``.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .audit_chain import (
    GENESIS_HASH,
    entry_hash,
    file_number,
    first_previous_hash,
    log_files,
    numbered_lines,
)
from .audit_key import KeyFile, LineKey

#: More lines than a log has: a number beyond would take hours to verify.
_MAX_LINES = 10**9


@dataclass(frozen=True)
class ChainVerification:
    """Result of a verification.

    Parameters
    ----------
    lines
        Number of valid lines before the first error.
    last
        Hash of the last valid line.
    error
        What is wrong, and where; empty if nothing is.
    found
        Where the noted hashes are, by hash.
    """

    lines: int
    last: str
    error: str = ""
    found: dict[str, str] = field(default_factory=dict)


def verify(
    directory: Path, hashes: Collection[str] = (), key: LineKey | None = None
) -> ChainVerification:
    """Verify the log of a directory.

    Parameters
    ----------
    directory
        Directory of the log.
    hashes
        Hashes of earlier lines, which must be on the chain.
    key
        The first key of the log; ``None``: codes are not verified.

    Raises
    ------
    OSError
        If the log cannot be read.
    """
    files = log_files(directory)
    codes = None if key is None else _Codes(key)
    last, lines, found = GENESIS_HASH, 0, dict[str, str]()
    pruned_before: str | None = None
    if files and file_number(files[0]) > 1:
        # Earlier files were pruned if a later line says so; otherwise they were removed.
        last = pruned_before = first_previous_hash(files[0])
        if last in hashes:
            found[last] = "the line before the first file"
    for path, number, line in numbered_lines(files):
        where = f"{path.name}, line {number}"
        try:
            entry = json.loads(line)
            recorded = entry.pop("hash")
            valid = entry["previous"] == last and entry_hash(entry) == recorded
        except (ValueError, KeyError, TypeError, AttributeError):
            valid = False
        if not valid:
            return ChainVerification(lines, last, f"{where}: the chain breaks here.", found)
        if codes is not None and not codes.check(entry, after_pruned=pruned_before is not None):
            error = f"{where}: the code is not that of the key."
            return ChainVerification(lines, last, error, found)
        if entry.get("action") == "pruned" and entry.get("begins") == pruned_before:
            pruned_before = None
        last, lines = recorded, lines + 1
        if last in hashes:
            found[last] = where
    if pruned_before is not None:
        error = f"{files[0].name}, line 1: the files before it were removed."
        return ChainVerification(0, last, error, found)
    error = "" if codes is None else codes.check_end(directory)
    if missing := [one for one in hashes if one not in found]:
        error = error or (
            f"The hash {missing[0]} is not on the chain: lines up to it were altered or removed, "
            "or it is older than 'retention_days'."
        )
    return ChainVerification(lines, last, error, found)


class _Codes:
    """Checks the codes of lines, in their order.

    Lines before the first one of the key have none, or those of an earlier key. The first code
    proves them, because it is of the hash of the line before, too.
    """

    def __init__(self, first: LineKey) -> None:
        self._first = first
        self._next = first
        self._started = False
        self._seen_code = False

    def check(self, entry: dict[str, Any], *, after_pruned: bool) -> bool:
        """Return whether the code of an entry is the next one.

        Parameters
        ----------
        entry
            The entry without its hash.
        after_pruned
            Whether lines may have been pruned before it.
        """
        body = dict(entry)
        code, number = body.pop("code", None), body.get("number")
        if not isinstance(code, str) or not isinstance(number, int) or number > _MAX_LINES:
            return not self._started
        if not self._started and not self._seen_code and after_pruned:
            self._next = self._first.at(number)
        elif not self._started:
            self._next = self._first
        self._seen_code = True
        if number != self._next.number or not hmac.compare_digest(code, self._next.code(body)):
            return not self._started
        self._started = True
        self._next = self._next.next()
        return True

    def check_end(self, directory: Path) -> str:
        """Return what is wrong with the end of the log; empty if nothing is."""
        if not self._started:
            return (
                "No line has a code of the key: the first one was altered or removed, the key is "
                "not that of this log, or the service does not use it yet."
            )
        current = KeyFile(directory).read()
        if current is None:
            return "The key of the next line is not in the directory: the end is not proved."
        if current.number > self._next.number:
            return "Lines at the end were removed, or lost when the machine lost power."
        if current.key != self._first.at(current.number).key:
            return "The key of the next line is not one of this log."
        return ""
