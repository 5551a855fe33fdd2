"""What the documents name exists: paths, make targets, layers, quoted messages and metrics."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from jupyter_safecoder.files.toml import read_toml
from jupyter_safecoder.hub.dashboard.metrics import METRICS
from tests.support.paths import ROOT

DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
#: The changelog also names metrics of earlier versions.
CURRENT = [path for path in DOCUMENTS if path.name != "CHANGELOG.md"]
TROUBLESHOOTING = ROOT / "docs/how-to/troubleshooting.md"

#: Folders of the repository and of the package.
_FOLDERS = (
    *("benchmarks", "deploy", "docs", "jupyter_safecoder", "labextension", "notebooks", "tests"),
    "weights",
    *(path.parent.name for path in (ROOT / "jupyter_safecoder").glob("*/__init__.py")),
)
#: Paths in a user's cache directory.
_ELSEWHERE = {
    *("adapters/NAME/", "adapters/in_use.json"),
    *("models/NAME/", "models/.NAME.download/"),
}
#: A path that starts with one of these folders, also within a command.
_PATH = re.compile(rf"(?<![\w/.*…-])(?:{'|'.join(_FOLDERS)})/[\w./-]+")
_CODE = re.compile(r"^```.*?^```|`[^`\n]+`", re.DOTALL | re.MULTILINE)
#: Where the code has text that users read.
_SOURCES = ("jupyter_safecoder/**/*.py", "labextension/src/**/*.ts")


def names(paths: list[Path]) -> list[str]:
    return [str(path.relative_to(ROOT)) for path in paths]


def code(path: Path) -> str:
    """Return the code spans and code blocks of a document."""
    return "\n".join(_CODE.findall(path.read_text("utf-8")))


def source_text() -> str:
    """Return the text of all sources, with literals joined that are written one below another."""
    text = "\n".join(path.read_text("utf-8") for glob in _SOURCES for path in ROOT.glob(glob))
    return re.sub(r'"\s*\n\s*f?"', "", text)


@pytest.mark.parametrize("path", DOCUMENTS, ids=names(DOCUMENTS))
def test_paths_in_code_exist(path: Path) -> None:
    bases = (ROOT, ROOT / "jupyter_safecoder")
    found = {match.rstrip(".") for match in _PATH.findall(code(path))} - _ELSEWHERE
    assert [name for name in sorted(found) if not any((b / name).exists() for b in bases)] == []


@pytest.mark.parametrize("path", CURRENT, ids=names(CURRENT))
def test_tests_exist(path: Path) -> None:
    """A test is named by its file and its function."""
    found = re.findall(r"(tests/[\w./-]+\.py)::(\w+)", code(path))
    assert [
        f"{file}::{name}"
        for file, name in found
        if not re.search(rf"^(async )?def {name}\(", (ROOT / file).read_text("utf-8"), re.MULTILINE)
    ] == []


def test_every_threat_has_a_test() -> None:
    """In tables with a column of tests, each row names one or more, by file or by function."""
    rows = []
    for path in (ROOT / "SECURITY.md", ROOT / "docs/explanation/threat-model.md"):
        tables = re.findall(r"(?:^\|.*\n)+", path.read_text("utf-8"), re.MULTILINE)
        for head, _, *found in (table.splitlines() for table in tables):
            if re.search(r"\| tests? \|$", head):
                rows += found
    assert len(rows) > 60
    assert [row for row in rows if not re.search(r"test_\w+\.py", row.rsplit(" | ", 1)[1])] == []


@pytest.mark.parametrize("path", CURRENT, ids=names(CURRENT))
def test_make_targets_exist(path: Path) -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, flags=re.MULTILINE))
    named = " ".join(re.findall(r"(?:^|`)make ([a-z -]+)", code(path), flags=re.MULTILINE))
    assert set(named.split()) <= targets


@pytest.mark.parametrize("path", CURRENT, ids=names(CURRENT))
def test_metrics_exist(path: Path) -> None:
    named = re.findall(r"\bsafecoder_(?!smol)[a-z_]+", code(path))
    assert set(named) <= {metric.name for metric in METRICS}


def test_the_layers_are_those_that_are_checked() -> None:
    project = read_toml(ROOT / "pyproject.toml")
    contracts = project["tool"]["importlinter"]["contracts"]
    checked = [layer for contract in contracts for layer in contract.get("layers", ())]
    section = (ROOT / "ARCHITECTURE.md").read_text("utf-8").partition("## Layers")[2]
    rows = re.findall(r"^\| (`[^|]+) \|", section.partition("\n## ")[0], flags=re.MULTILINE)
    assert [" | ".join(re.findall(r"`([^`]+)`", row)) for row in rows] == checked


def test_quoted_messages_are_those_of_the_code() -> None:
    source = source_text()
    quotes = re.findall(r"(?<!\*)\*([^*\n]+)\*(?!\*)", TROUBLESHOOTING.read_text("utf-8"))
    parts = {part.strip() for quote in quotes if quote != "italics" for part in quote.split("…")}
    assert len(parts) > 20
    assert [part for part in sorted(parts) if part not in source] == []
