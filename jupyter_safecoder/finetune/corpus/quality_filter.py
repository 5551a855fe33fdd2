"""Rejects documents by their text: generated, vendored, restrictively licensed, or not code."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from jupyter_safecoder.finetune.documents import Document
from jupyter_safecoder.languages import language_of

from .generated import generated_marker
from .rules import NO_RULES, CorpusRules

#: Characters at the start of a document that are searched for notices.
_HEAD_CHARACTERS = 2000
_MAX_SHOWN_CHARACTERS = 100
_VENDORED = re.compile(
    r"^\W*(?:vendored from\b|this (?:file|module|code) is vendored)", re.IGNORECASE
)
_LICENSE = re.compile(
    r"SPDX-License-Identifier:\s*(?P<id>(?:A|L)?GPL[\w.+-]*|SSPL[\w.-]*|BUSL[\w.-]*|EUPL[\w.-]*"
    r"|CC-BY-(?:NC|ND)[\w.-]*|LicenseRef-[\w.-]+)"
    r"|GNU (?P<gnu>(?:Affero |Lesser )?General Public License)"
    r"|(?P<closed>All rights reserved\W+(?:proprietary|confidential|unauthori[sz]ed))",
    re.IGNORECASE,
)
#: A line that says whose the file is.
_OWNER = re.compile(
    r"copyright|\(c\)|©|all rights reserved|proprietary|confidential|property of|SPDX-",
    re.IGNORECASE,
)
_OWNER_NAME = re.compile(
    r"(?:copyright|\(c\)|©)(?:\W|\d|copyright|\(c\)|by\b){1,40}(?P<name>[^\W\d][^,.;\n'\"]{2,60})",
    re.IGNORECASE,
)
#: Code with longer lines, the longest and in the mean, is data or minified (the filters of
#: personal-copilot, Hugging Face 2023).
_MAX_LINE_CHARACTERS, _MAX_MEAN_CHARACTERS = 1000, 100
#: The share of digits among the visible characters.
_MAX_DIGITS = 0.3


@dataclass(frozen=True)
class Rejection:
    """Why a document is left out; see :class:`.LeftOut` for the fields."""

    reason: str
    decided_by: str = ""
    override: str = ""


@dataclass(frozen=True)
class _Line:
    """A line of a document: the cell's index in the file, the line in it from 1, the text."""

    cell: int
    number: int
    text: str

    def describe(self, shown: str = "") -> str:
        """Return where it is, and what there is."""
        text = " ".join(shown.split())
        place = f"cell {self.cell}, line {self.number}"
        if len(text) > _MAX_SHOWN_CHARACTERS:
            text = f"{text[: _MAX_SHOWN_CHARACTERS - 1]}…"
        return f"{place}: {text}" if text else place


def find_rejection(document: Document, rules: CorpusRules = NO_RULES) -> Rejection | None:
    """Return why to leave a document out of a corpus, or ``None`` to take it.

    Parameters
    ----------
    document
        As it is in its file.
    rules
        What the team says of its files.
    """
    code = [cell.source for cell in document.cells if cell.type == "code" and cell.source.strip()]
    if language_of(document.language) != "python":
        return Rejection(f"another language: {document.language}")
    if not code:
        tags = f" ({document.excluded} excluded by tag)" if document.excluded else ""
        return Rejection(f"no code in it{tags}")
    return _by_notices(document, rules) or _by_form(document)


def rejection_reason(document: Document) -> str | None:
    """Return the reason to leave out a document of unknown origin, or ``None``."""
    rejection = find_rejection(document)
    return rejection.reason if rejection else None


def _by_notices(document: Document, rules: CorpusRules) -> Rejection | None:
    for line in _heading(document):
        if not rules.include_generated and (marker := generated_marker(line.text)):
            return Rejection(
                "marked as generated", line.describe(marker), "--include-generated takes such files"
            )
        if not rules.ours and _VENDORED.search(line.text):
            return Rejection(
                "marked as vendored", line.describe(line.text), "--ours takes all as your own"
            )
    return _by_license(document, rules)


def _by_license(document: Document, rules: CorpusRules) -> Rejection | None:
    lines = list(_head_lines(document))
    text = "\n".join(line.text for line in lines)
    for license in _LICENSE.finditer(text):
        line = lines[text.count("\n", 0, license.start())]
        name = license["id"] or license["gnu"] or "all rights reserved"
        is_own = rules.owns_license(name) or any(
            rules.owns_notice(one.text) for one in lines if _OWNER.search(one.text)
        )
        if not is_own:
            pattern = license["id"] or _owner([one.text for one in lines]) or "NAME"
            return Rejection(
                f"license: {name}",
                line.describe(license[0]),
                f"--own '{pattern}' takes files of that owner or license, --ours all",
            )
    return None


def _owner(lines: Sequence[str]) -> str:
    """Return the owner that a notice names; empty if none does."""
    owners = (_OWNER_NAME.search(line) for line in lines)
    return next((found["name"].strip() for found in owners if found), "")


def _by_form(document: Document) -> Rejection | None:
    lines = [
        _Line(index, number, text)
        for index, cell in zip(document.numbers, document.cells, strict=True)
        if cell.type == "code"
        for number, text in enumerate(cell.source.split("\n"), 1)
        if text.strip()
    ]
    longest = max(lines, key=lambda line: len(line.text))
    total = sum(len(line.text) for line in lines)
    if len(longest.text) > _MAX_LINE_CHARACTERS and total > _MAX_MEAN_CHARACTERS * len(lines):
        return Rejection(
            "not code: its lines are too long", longest.describe(f"{len(longest.text)} characters")
        )
    visible = [character for line in lines for character in line.text if not character.isspace()]
    if sum(map(str.isdigit, visible)) > _MAX_DIGITS * len(visible):
        return Rejection("not code: mostly digits")
    return None


def _head_lines(document: Document) -> Iterator[_Line]:
    """Yield the lines at the start of a document, prose included."""
    left = _HEAD_CHARACTERS
    for index, cell in zip(document.numbers, document.cells, strict=True):
        for number, text in enumerate(cell.source.split("\n"), 1):
            if left <= 0:
                return
            yield _Line(index, number, text[:left])
            left -= len(text) + 1


def _heading(document: Document) -> Iterator[_Line]:
    """Yield the lines at the start of a document that a generator would write.

    These are the comments and the docstring before the code, and the comments of a first cell of
    text.
    """
    for line in _head_lines(document):
        first = document.cells[document.numbers.index(line.cell)]
        if first.type != "code":
            # Prose says much: only what stands alone as a comment counts.
            if line.text.lstrip().startswith(("<!--", "@generated", "[//]: #")):
                yield line
            continue
        if not _is_heading(first.source, line.number):
            return
        yield line


def _is_heading(source: str, number: int) -> bool:
    """Return whether a line, counted from 1, is before the first code of a cell."""
    quote = ""
    for at, line in enumerate(source.split("\n")[:number], 1):
        text = line.strip()
        if quote:
            quote = "" if quote in text else quote
        elif text and not text.startswith("#"):
            opened = re.match(r"[rRuU]?(\"\"\"|'''|\"|')", text)
            if opened is None:
                return False
            if len(opened[1]) == 3 and opened[1] not in text[opened.end() :]:
                quote = opened[1]
        if at == number:
            return True
    return False
