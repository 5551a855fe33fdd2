"""Files that version 0.1 wrote, and what users do with them after an upgrade."""

from __future__ import annotations

import re
from pathlib import Path

from tests.support.paths import ROOT

VERSION_0_1 = ROOT / "tests/data/version_0_1"
#: What is to be done with an unfinished job.
RESTART = "Start it again with 'finetune': jobs of another version cannot be resumed."


def contents(directory: Path) -> dict[Path, bytes]:
    """Return the content of all files, but of locks."""
    return {
        path: path.read_bytes()
        for path in directory.rglob("*")
        if path.is_file() and path.name not in ("lock", "start")
    }


def rename(text: str, message: str) -> str:
    """Return a file after what a message demands: a key of version 0.1 gets its present name."""
    found = re.search(r"'?(\w+)'?(?: in \S+)? (?:was renamed to|is now) '?(\w+)", message)
    assert found, message
    old, new = found[1], found[2]
    if old == "balance":
        assert "package_temperature = 1 / (1 - balance)" in message
        return text.replace("balance = 0.5", "package_temperature = 2.0")
    renamed = re.sub(rf"^(\[?){old}\b", rf"\g<1>{new}", text, flags=re.MULTILINE)
    assert renamed != text, message
    return renamed
