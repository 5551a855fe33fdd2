"""Which license a file has: from a tag in it, from a license file, or from a package's metadata."""

from __future__ import annotations

import re
from email.parser import HeaderParser

#: No license was found.
UNKNOWN = "NOASSERTION"
#: Names of license files, without extension.
_FILE = re.compile(r"(?:LICEN[CS]E|COPYING|UNLICENSE)(?:[.-].*)?", re.IGNORECASE)
_TAG = re.compile(
    r"SPDX-License-Identifier:[ \t]*([A-Za-z0-9.+() -]{1,100}?)[ \t]*(?:\*/|-->|$)", re.M
)
_MAX_HEAD = 4096
#: Identifiers of SPDX's list, and text that the license has and those before it do not.
_TEXTS = (
    ("AGPL-3.0", r"GNU AFFERO GENERAL PUBLIC LICENSE\s+Version 3"),
    ("LGPL-3.0", r"GNU LESSER GENERAL PUBLIC LICENSE\s+Version 3"),
    ("LGPL-2.1", r"GNU LESSER GENERAL PUBLIC LICENSE\s+Version 2\.1"),
    ("GPL-3.0", r"GNU GENERAL PUBLIC LICENSE\s+Version 3"),
    ("GPL-2.0", r"GNU GENERAL PUBLIC LICENSE\s+Version 2"),
    ("MPL-2.0", r"Mozilla Public License,? (?:Version|v\.?) ?2\.0"),
    ("EPL-2.0", r"Eclipse Public License - v 2\.0"),
    ("BSL-1.0", r"Boost Software License - Version 1\.0"),
    ("Apache-2.0", r"Apache License,?\s+Version 2\.0"),
    ("PSF-2.0", r"PYTHON SOFTWARE FOUNDATION LICENSE VERSION 2"),
    ("Unlicense", r"This is free and unencumbered software"),
    ("CC0-1.0", r"CC0 1\.0 Universal"),
    ("Zlib", r"This software is provided 'as-is', without any express or implied"),
    ("ISC", r"Permission to use, copy, modify, and(?:/or)? distribute this software"),
    ("MIT", r"Permission is hereby granted, free of charge"),
    (
        "BSD-3-Clause",
        r"Redistribution and use in source[\s\S]*(?:Neither the name|endorse or promote)",
    ),
    ("BSD-2-Clause", r"Redistribution and use in source"),
)
#: Names in the metadata of packages, in lower case, and the identifier.
_NAMES = (
    ("apache", "Apache-2.0"),
    ("bsd 2", "BSD-2-Clause"),
    ("bsd-2", "BSD-2-Clause"),
    ("bsd", "BSD-3-Clause"),
    ("mit", "MIT"),
    ("mozilla", "MPL-2.0"),
    ("mpl", "MPL-2.0"),
    ("affero", "AGPL-3.0"),
    ("agpl", "AGPL-3.0"),
    ("lesser", "LGPL-3.0"),
    ("lgpl", "LGPL-3.0"),
    ("gplv2", "GPL-2.0"),
    ("gpl", "GPL-3.0"),
    ("general public", "GPL-3.0"),
    ("isc", "ISC"),
    ("python software foundation", "PSF-2.0"),
    ("psf", "PSF-2.0"),
    ("unlicense", "Unlicense"),
    ("zlib", "Zlib"),
)


def is_license_file(name: str) -> bool:
    """Return whether a file of this name has a license."""
    return _FILE.fullmatch(name) is not None


def license_tag(text: str) -> str:
    """Return the license that a file names at its head; empty: none."""
    match = _TAG.search(text[:_MAX_HEAD])
    return match[1].strip() if match else ""


def license_of_text(text: str) -> str:
    """Return the identifier of a license's text; empty: not recognized."""
    head = text[: 8 * _MAX_HEAD]
    return next((name for name, form in _TEXTS if re.search(form, head, re.IGNORECASE)), "")


def license_of_metadata(text: str) -> str:
    """Return the license of a package's core metadata (PEP 639 and before); empty: none."""
    fields = HeaderParser().parsestr(text)
    if expression := fields.get("License-Expression"):
        return str(expression).strip()
    classifiers = [
        one.rpartition("::")[2] for one in fields.get_all("Classifier", []) if "License ::" in one
    ]
    named = str(fields.get("License", "")).strip()
    for name in (named.partition("\n")[0], *classifiers):
        if found := license_of_name(name):
            return found
    return license_of_text(named)


def name_of_metadata(text: str) -> str:
    """Return the name of a package by its core metadata; empty: none."""
    return str(HeaderParser().parsestr(text).get("Name", "")).strip()


def license_of_name(name: str) -> str:
    """Return the identifier of a license's common name; empty: not recognized."""
    lower = name.lower()
    return next((spdx for word, spdx in _NAMES if re.search(rf"\b{re.escape(word)}", lower)), "")
