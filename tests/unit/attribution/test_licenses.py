"""Licenses are recognized by tags, texts and metadata."""

from __future__ import annotations

import pytest

from jupyter_safecoder.attribution.licenses import (
    is_license_file,
    license_of_metadata,
    license_of_name,
    license_of_text,
    license_tag,
    name_of_metadata,
)
from tests.support.paths import ROOT


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("# SPDX-License-Identifier: MIT\n", "MIT"),
        ("/* SPDX-License-Identifier: GPL-2.0-only WITH x */", "GPL-2.0-only WITH x"),
        ("// SPDX-License-Identifier: MIT OR Apache-2.0\nx", "MIT OR Apache-2.0"),
        ("x = 1", ""),
        ("\n" * 5000 + "# SPDX-License-Identifier: MIT\n", ""),
    ],
)
def test_the_tag_of_a_file(text: str, expected: str) -> None:
    assert license_tag(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("MIT License\n\nPermission is hereby granted, free of charge, to any person", "MIT"),
        ("Redistribution and use in source and binary forms … THIS SOFTWARE", "BSD-2-Clause"),
        (
            "Redistribution and use in source\n3. Neither the name of the copyright holder",
            "BSD-3-Clause",
        ),
        ("GNU GENERAL PUBLIC LICENSE\n  Version 3, 29 June 2007", "GPL-3.0"),
        ("GNU LESSER GENERAL PUBLIC LICENSE\n  Version 2.1, February 1999", "LGPL-2.1"),
        ("All rights reserved.", ""),
    ],
)
def test_the_text_of_a_license(text: str, expected: str) -> None:
    assert license_of_text(text) == expected


def test_our_own_license() -> None:
    assert license_of_text((ROOT / "LICENSE").read_text("utf-8")) == "Apache-2.0"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("License-Expression: BSD-3-Clause\nLicense: x", "BSD-3-Clause"),
        ("License: MIT License", "MIT"),
        (
            "License: UNKNOWN\nClassifier: License :: OSI Approved :: Apache Software License",
            "Apache-2.0",
        ),
        ("Classifier: License :: OSI Approved :: GNU General Public License v3 (GPLv3)", "GPL-3.0"),
        ("Name: x", ""),
    ],
)
def test_the_metadata_of_a_package(text: str, expected: str) -> None:
    assert license_of_metadata(text) == expected


def test_names() -> None:
    assert name_of_metadata("Metadata-Version: 2.1\nName: numpy\n") == "numpy"
    assert license_of_name("limited use") == ""
    assert [is_license_file(name) for name in ("LICENSE", "COPYING.txt", "licenses.py")] == [
        True,
        True,
        False,
    ]
