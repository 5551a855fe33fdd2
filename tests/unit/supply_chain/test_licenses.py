"""Licenses of dependencies: expressions, names, exceptions, and what is installed."""

from __future__ import annotations

import json
from importlib.metadata import Distribution
from pathlib import Path

import pytest

from supply_chain.licenses import (
    BUNDLE,
    Rules,
    bundle_packages,
    is_allowed,
    license_of,
    main,
    python_licenses,
    read_rules,
    refused,
    required_packages,
)

RULES = Rules(frozenset({"MIT", "Apache-2.0"}), {"MIT License": "MIT"}, {"old": "MPL: unchanged"})


def _package(directory: Path, *lines: str) -> Distribution:
    (directory / "METADATA").write_text("\n".join(("Name: x", *lines)))
    return Distribution.at(directory)


@pytest.mark.parametrize(
    ("expression", "allowed"),
    [
        ("MIT", True),
        ("GPL-3.0-only", False),
        ("MIT AND GPL-3.0-only", False),
        ("MIT OR GPL-3.0-only", True),
        ("(MIT OR GPL-2.0-only) AND Apache-2.0", True),
        ("(GPL-2.0-only AND MIT) OR (Apache-2.0)", True),
        ("MIT AND (GPL-2.0-only OR LGPL-2.1-only)", False),
        ("GPL-2.0-only WITH Classpath-exception-2.0", False),
        *(("", False), ("MIT AND", False), ("(MIT", False), ("MIT)", False), ("MIT MIT", False)),
    ],
)
def test_expressions(expression: str, allowed: bool) -> None:
    assert is_allowed(expression, RULES.allowed.__contains__) is allowed


@pytest.mark.parametrize(
    ("lines", "license"),
    [
        (["License-Expression: MIT", "License: Old words"], "MIT"),
        (["Classifier: License :: OSI Approved :: MIT License", "License: x"], "MIT"),
        (["Classifier: License :: OSI Approved", "License: MIT License"], "MIT"),
        (["License: Whatever I want"], "Whatever I want"),
        ([], ""),
    ],
)
def test_where_metadata_has_the_license(lines: list[str], license: str, tmp_path: Path) -> None:
    directory = tmp_path / "x.dist-info"
    directory.mkdir()
    assert license_of(_package(directory, *lines), RULES) == license


def test_what_is_refused() -> None:
    found = [("a", "MIT"), ("b", "GPL-3.0-only"), ("old", "MPL-2.0"), ("c", "")]
    assert refused(iter(found), RULES) == ["b: GPL-3.0-only", "c: no license"]


def test_requirements_of_requirements_are_found() -> None:
    found = required_packages("jupyter_safecoder", frozenset({"local"}))
    assert {"tornado", "openvino", "numpy", "tokenizers", "certifi"} <= {*found}
    assert {"jupyter-safecoder", "ruff"}.isdisjoint(found)


def test_every_exception_has_a_reason_and_is_needed() -> None:
    rules = read_rules()
    assert all(len(reason) > 20 for reason in rules.exceptions.values())
    licenses = dict(python_licenses(rules))
    assert [
        name
        for name in rules.exceptions
        if is_allowed(licenses.get(name, "MPL-2.0"), rules.allowed.__contains__)
    ] == []


def test_the_licenses_of_what_is_installed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main() == 0, capsys.readouterr().err


def test_the_bundle_of_the_lab_extension(tmp_path: Path) -> None:
    assert {package["name"] for package in bundle_packages()}
    assert BUNDLE.is_file()
    path = tmp_path / "licenses.json"
    path.write_text(json.dumps({"packages": [{"name": "evil", "licenseId": "GPL-3.0"}]}))
    npm = ((one["name"], one["licenseId"]) for one in bundle_packages(path))
    assert refused(npm, RULES) == ["evil: GPL-3.0"]
