"""The versions that stand in several files agree."""

from __future__ import annotations

import json
import re
from typing import Any

from jupyter_safecoder import __version__
from jupyter_safecoder.files.toml import read_toml
from tests.support.paths import ROOT


def project(path: str) -> dict[str, Any]:
    """Return the table ``project`` of a pyproject.toml."""
    table: dict[str, Any] = read_toml(ROOT / path)["project"]
    return table


def test_the_lab_extension_has_the_version_of_the_package() -> None:
    package = json.loads((ROOT / "labextension/package.json").read_text())
    assert package["version"] == __version__


def test_the_local_extra_requires_the_version_of_the_weights() -> None:
    version = project("weights/pyproject.toml")["version"]
    local = project("pyproject.toml")["optional-dependencies"]["local"]
    assert f"safecoder-smol-135m=={version}" in local


def test_the_changelog_has_a_section_for_the_version() -> None:
    headings = re.findall(r"^## \[(.+?)\]", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert headings[0] == "Unreleased"
    assert __version__ in headings
