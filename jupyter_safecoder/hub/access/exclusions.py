"""Compares paths and texts with what a policy excludes, however they are written."""

from __future__ import annotations

import posixpath
import re
import unicodedata
from collections.abc import Collection
from fnmatch import fnmatchcase

#: The drive of JupyterLab's content manager that a path is in, such as ``RTC:``; for ``match``
#: only: a search would try every place of a long path.
_DRIVE = re.compile(r"[^/:]*:")


def matches_path(path: str, patterns: Collection[str]) -> bool:
    """Return whether a path matches one of the patterns, whose ``*`` matches slashes too.

    The case of letters does not count, nor a drive or a slash at the start: ``*/patients/*``
    matches ``patients/a.ipynb``, and ``patients/*`` matches ``RTC:patients/a.ipynb``.

    Parameters
    ----------
    path
        As JupyterLab names a document.
    patterns
        In the form of :mod:`fnmatch`.
    """
    if not patterns:
        return False
    path = normalize(path).replace("\\", "/")
    drive = _DRIVE.match(path)
    written = {
        posixpath.normpath("/" + name.lstrip("/"))
        for name in (path, path[drive.end() :] if drive else path)
        if name
    }
    return any(
        fnmatchcase(name, pattern)
        for pattern in map(normalize, patterns)
        for absolute in written
        for name in (absolute, absolute.lstrip("/"))
    )


def contains_text(text: str, excluded: Collection[str]) -> bool:
    """Return whether a text contains one of others, in any case and in any form of Unicode."""
    if not excluded:
        return False
    text = normalize(text)
    return any(normalize(one) in text for one in excluded)


def normalize(text: str) -> str:
    """Return a text with compatible characters made one, and without case and invisible ones.

    Compatible are for example a letter and its full-width form (Unicode Standard Annex 15, NFKC);
    invisible are soft hyphens, joiners of width zero and the like (category Cf).
    """
    if text.isascii():
        return text.casefold()
    visible = "".join(c for c in text if unicodedata.category(c) != "Cf")
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", visible).casefold())
