"""What hidden text uses of a kernel and of local modules."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from .cutting import Cut
from .local_names import LocalNames

Use = Literal["column", "local_function", "kernel_name"]
#: A column of a table in the kernel, a function or method of a local module, a name of the kernel.
USES: tuple[Use, ...] = ("column", "local_function", "kernel_name")

_STRING = re.compile(r"(?P<quote>['\"])(?P<text>(?:(?!(?P=quote))[^\\\n])*)(?P=quote)")
#: A name, and the one whose attribute it is.
_NAME = re.compile(r"(?:(?P<owner>[^\W\d]\w*)\s*\.\s*)?(?P<name>[^\W\d]\w*)")
#: After the name of an argument, or one that is assigned to.
_ASSIGNED = re.compile(r"\s*=(?!=)|\s*:(?!=)(?=[^]})]*=)")


def find_uses(cut: Cut, kernel: Sequence[Mapping[str, Any]], local: LocalNames) -> list[Use]:
    """Return what the hidden text uses, in the order of :data:`USES`.

    Parameters
    ----------
    cut
        A name counts if its last character is hidden.
    kernel
        What the kernel has said of its names, before the cell was executed. What is imported from
        libraries, modules and what the line assigns do not count.
    local
        The names of local modules.
    """
    described = {str(one["name"]): one for one in kernel}
    columns = {name: _columns(one) for name, one in described.items()}
    all_columns = frozenset().union(*columns.values())
    shown = cut.prefix.rpartition("\n")[2]
    line, start = shown + cut.expected, len(shown)
    found: set[Use] = set()
    for string in _STRING.finditer(line):
        if string.end("text") > start and string["text"] in all_columns:
            found.add("column")
    for match in _NAME.finditer(_without_strings(line)):
        if match.end() <= start or _ASSIGNED.match(line, match.end()):
            continue
        owner, name = match["owner"], match["name"]
        if owner and match.end("owner") > start:
            found |= _uses_of_name(owner, described, local)
        if not owner:
            found |= _uses_of_name(name, described, local)
        elif name in columns.get(owner, ()):
            found.add("column")
        elif local.has_member(owner, name, str(described.get(owner, {}).get("type", ""))):
            found.add("local_function")
    return [use for use in USES if use in found]


def _uses_of_name(
    name: str, described: Mapping[str, Mapping[str, Any]], local: LocalNames
) -> set[Use]:
    if name in local.imported:
        return {"local_function"}
    if name in described and name not in local.libraries:
        return {"kernel_name"} if described[name].get("type") != "module" else set()
    return set()


def _columns(described: Mapping[str, Any]) -> frozenset[str]:
    return frozenset(str(column["name"]) for column in described.get("columns", ()))


def _without_strings(line: str) -> str:
    """Return a line whose strings are blank, of the same length."""
    return _STRING.sub(lambda match: " " * len(match[0]), line)
