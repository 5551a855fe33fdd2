"""Source files whose code is like that of no other file."""

from __future__ import annotations

import keyword
from pathlib import Path
from random import Random

_SYLLABLES = ("ba", "be", "do", "fu", "gi", "ka", "lo", "me", "na", "ni", "po", "ra", "ri", "sa")
_OPERATORS = ("+", "-", "*", "/", "%", "//", "**", "@", "|", "&", "<<")


def word(random: Random) -> str:
    """Return a name."""
    while keyword.iskeyword(name := "".join(random.choices(_SYLLABLES, k=random.randint(2, 5)))):
        pass
    return name


def expression(random: Random, depth: int = 2) -> str:
    """Return an expression of names, calls, indexes and operators."""
    kind = random.randrange(6) if depth else 0
    if kind < 2:
        return word(random) if random.random() < 0.8 else str(random.randint(2, 999))
    inner = [expression(random, depth - 1) for _ in range(random.randint(1, 3))]
    if kind == 2:
        return f"{word(random)}({', '.join(inner)})"
    if kind == 3:
        return f"{word(random)}.{word(random)}[{inner[0]}]"
    return f"{inner[0]} {random.choice(_OPERATORS)} {inner[-1]}"


def function(random: Random) -> str:
    """Return a function of a dozen different lines."""
    lines = [f"def {word(random)}({word(random)}, {word(random)}={random.randint(2, 99)}):"]
    indent = 1
    for _ in range(11):
        kind, value = random.randrange(6), expression(random)
        if kind == 0 and indent < 3:
            opener = random.choice((f"for {word(random)} in", "while", "if not", "with"))
            lines.append(f"{'    ' * indent}{opener} {value}:")
            indent += 1
        elif kind == 1:
            lines.append(f"{'    ' * indent}assert {value} {random.choice('<>')} {word(random)}")
        else:
            target = f"{word(random)}[{value}]" if kind == 2 else word(random)
            lines.append(f"{'    ' * indent}{target} = {expression(random, 3)}")
    return "\n".join([*lines, f"{'    ' * indent}return {expression(random)}"])


def source(seed: str, functions: int = 12) -> str:
    """Return a file of code, the same for a seed."""
    random = Random(seed)
    return "\n\n\n".join(function(random) for _ in range(functions)) + "\n"


def write_tree(directory: Path, *names: str, functions: int = 12) -> Path:
    """Write a file of code for each name; returns the directory."""
    for name in names:
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source(name, functions), "utf-8")
    return directory
