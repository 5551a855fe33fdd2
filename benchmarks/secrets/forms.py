"""Plants secrets: the forms of a TOML file become notebooks whose secrets are known."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random

from jupyter_safecoder.files.toml import read_toml
from jupyter_safecoder.protocol import Cell

from .values import DATABASES, HOSTS, USERS, random_value

#: Forms that the rules were written for, and forms that were written before them and after them.
DERIVED, HELD_OUT, FRESH = "derived.toml", "held_out.toml", "fresh.toml"
_SLOT = re.compile(r"§|«(?P<name>user|host|db)»")
_NAMES = {"user": USERS, "host": HOSTS, "db": DATABASES}


@dataclass(frozen=True)
class Planted:
    """A secret in a notebook: its spans are ``(cell, line, start, end)``, one for each line."""

    kind: str
    form: int
    spans: tuple[tuple[int, int, int, int], ...]


@dataclass(frozen=True)
class PlantedNotebook:
    """The cells of a notebook, and the secrets in them."""

    cells: tuple[Cell, ...]
    secrets: tuple[Planted, ...]


def planted_notebooks(file: str, repetitions: int, seed: int) -> Iterator[PlantedNotebook]:
    """Yield a notebook for each form of a file and each repetition.

    Parameters
    ----------
    file
        :data:`DERIVED`, :data:`HELD_OUT` or :data:`FRESH`.
    repetitions
        Number of notebooks of a form, each with other secrets.
    seed
        Of the random secrets and names.
    """
    forms = read_toml(Path(__file__).with_name(file))["forms"]
    for number, form in enumerate(forms):
        for repetition in range(repetitions):
            random = Random(f"{seed} {file} {number} {repetition}")  # noqa: S311 - made up
            yield _notebook(form, number, random)


def _notebook(form: list[str], number: int, random: Random) -> PlantedNotebook:
    kind, cell_type, value, text = form
    text = text.replace("\\n", "\n").replace("\\t", "\t")
    cells, secrets = [], []
    for index, part in enumerate(text.split("\n<<<\n")):
        filled, places = _fill(part, value, random)
        for start, stop in places:
            spans = _lines_of(filled, start, stop, index)
            secrets.append(Planted(kind, number, tuple(spans)))
        source, _, output = filled.partition("\n>>>\n")
        cells.append(Cell("markdown" if cell_type == "markdown" else "code", source, output))
    return PlantedNotebook(tuple(cells), tuple(secrets))


def _fill(text: str, value: str, random: Random) -> tuple[str, list[tuple[int, int]]]:
    """Return a text with values in its slots, and where those of secrets are."""
    chosen = {name: random.choice(names) for name, names in _NAMES.items()}
    parts: list[str] = []
    places: list[tuple[int, int]] = []
    length = end = 0
    for slot in _SLOT.finditer(text):
        filler = chosen[slot["name"]] if slot["name"] else random_value(value, random)
        parts += [text[end : slot.start()], filler]
        length += len(parts[-2])
        if not slot["name"]:
            places.append((length, length + len(filler)))
        length += len(filler)
        end = slot.end()
    return "".join([*parts, text[end:]]), places


def _lines_of(text: str, start: int, stop: int, cell: int) -> Iterator[tuple[int, int, int, int]]:
    """Yield the span of a secret in each of its lines; an output's lines follow the source's."""
    offset, number = 0, 0
    for line in text.split("\n"):
        if line == ">>>":
            offset += len(line) + 1
            continue
        number += 1
        first, last = max(start, offset), min(stop, offset + len(line))
        if first < last:
            yield cell, number, first - offset, last - offset
        offset += len(line) + 1
