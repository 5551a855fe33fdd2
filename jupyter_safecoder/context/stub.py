"""Writes the stub of a module: what the notebook uses in front, within a number of characters."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from .outline import Member


def write_stub(doc: str, members: Sequence[Member], mentioned: Collection[str], budget: int) -> str:
    """Return the lines of a module that has no bodies; empty if none of it fits.

    What is mentioned is in front, the rest follows, both in the order of the source. Of a class,
    what is mentioned of its methods and fields is in front, too.

    Parameters
    ----------
    doc
        The first line of the module's docstring.
    members
        What the module has.
    mentioned
        Names that the notebook imports or mentions.
    budget
        Maximum number of characters.
    """
    lines: list[str] = []
    left = budget
    if doc and len(doc) + 7 <= left:
        lines.append(f'"""{doc}"""')
        left -= len(lines[0]) + 1
    written = 0
    for member in _mentioned_first(members, mentioned):
        text = _member_text(member, mentioned, left)
        if text:
            written += 1
            lines.append(text)
            left -= len(text) + 1
    return "\n".join(lines) + "\n" if written else ""


def _mentioned_first(members: Sequence[Member], mentioned: Collection[str]) -> Iterator[Member]:
    yield from (member for member in members if member.name in mentioned)
    yield from (member for member in members if member.name not in mentioned)


def _member_text(member: Member, mentioned: Collection[str], budget: int) -> str:
    """Return the text of a member, of a class as much as fits; empty if nothing does."""
    if not member.is_class:
        return member.text if len(member.text) + 1 <= budget else ""
    left = budget - len(member.text) - 1
    lines = [member.text]
    for part in _mentioned_first(member.parts, mentioned):
        if len(part.text) + 1 <= left:
            lines.append(part.text)
            left -= len(part.text) + 1
    if left < 0:
        return ""
    if len(lines) == 1 and member.text.endswith(":"):
        return f"{member.text} ..." if left >= 4 else ""
    return "\n".join(lines)
