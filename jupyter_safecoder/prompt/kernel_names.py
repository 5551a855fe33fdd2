"""Writes the names in the kernel as comments: what each is, never its value."""

from __future__ import annotations

from collections.abc import Sequence

from jupyter_safecoder.protocol import KernelName

#: Maximum numbers of columns, keys, fields or members of one name.
_MAX_PARTS = 40
#: Maximum number of characters of a line.
_MAX_LINE = 1_500


def kernel_lines(names: Sequence[KernelName]) -> list[str]:
    """Return a line for each name, without the start of a comment.

    A module or class of which nothing else is known has none: its name is in the cells.

    Parameters
    ----------
    names
        The names, the most useful first.
    """
    return [_one_line(_describe(name))[:_MAX_LINE] for name in names if _has_content(name)]


def _has_content(name: KernelName) -> bool:
    known = name.columns or name.keys or name.fields or name.members or name.signature
    return bool(known) or name.type not in ("module", "class", "type")


def _describe(name: KernelName) -> str:
    if name.signature:
        doc = f": {name.doc}" if name.doc else ""
        return f"{name.name}{name.signature}{doc}"
    kind = name.type.rpartition(".")[2]
    shape = f"[{', '.join(map(str, name.shape))}]" if name.shape else ""
    columns = (
        ", ".join(
            f"{column.name!r} {column.dtype}".rstrip() for column in name.columns[:_MAX_PARTS]
        ),
        _quoted(name.keys),
        ", ".join(name.fields[:_MAX_PARTS]),
        ", ".join(name.members[:_MAX_PARTS]),
    )
    parts = "; ".join(part for part in columns if part)
    return f"{name.name}: {kind}{shape}" + (f" with {parts}" if parts else "")


def _quoted(keys: Sequence[str]) -> str:
    return ", ".join(map(repr, keys[:_MAX_PARTS]))


def _one_line(text: str) -> str:
    return " ".join(text.split())
