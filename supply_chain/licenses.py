"""Compares the licenses of all dependencies with a list: ``python -m supply_chain.licenses``.

Python packages are those that the extras install, with what they require; their metadata says the
license. npm's are in the bundle of the lab extension, which has a list of them.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from jupyter_safecoder.files.toml import read_toml

ROOT = Path(__file__).parents[1]
BUNDLE = ROOT / "jupyter_safecoder/labextension/static/third-party-licenses.json"
_TOKEN = re.compile(r"\(|\)|AND\b|OR\b|[^\s()]+(?: WITH [^\s()]+)?")


@dataclass(frozen=True)
class Rules:
    """What is allowed.

    Parameters
    ----------
    allowed
        Identifiers of SPDX.
    names
        What packages name that is no identifier.
    exceptions
        Names of packages with another license, and the reasons.
    """

    allowed: frozenset[str]
    names: Mapping[str, str]
    exceptions: Mapping[str, str]


def read_rules() -> Rules:
    """Return the rules in ``licenses.toml``."""
    data = read_toml(Path(__file__).with_name("licenses.toml"))
    return Rules(frozenset(data["allowed"]), data["names"], data["exceptions"])


def license_of(package: Distribution, rules: Rules) -> str:
    """Return the license of a package as an expression of SPDX, or in its own words.

    Parameters
    ----------
    package
        The package.
    rules
        Have the identifiers of other names.
    """
    metadata = package.metadata
    expressions: list[str] = metadata.get_all("License-Expression") or []
    if expressions:
        return expressions[0]
    classifiers = (line.split(" :: ") for line in metadata.get_all("Classifier") or ())
    found = [parts[-1] for parts in classifiers if parts[0] == "License" and len(parts) > 2]
    if not found:
        words: list[str] = metadata.get_all("License") or [""]
        found = [words[0].strip().split("\n")[0]]
    known = [rules.names.get(name, name) for name in found if name != "DFSG approved"]
    return " OR ".join(known)


def is_allowed(expression: str, allowed: Callable[[str], bool]) -> bool:
    """Return whether the licenses of an expression of SPDX allow what ours does.

    Parameters
    ----------
    expression
        Identifiers with ``AND``, ``OR`` and parentheses.
    allowed
        Returns whether a license is allowed.
    """
    tokens = _TOKEN.findall(expression)
    if not tokens:
        return False
    result, rest = _alternatives(tokens, allowed)
    return result and not rest


def _alternatives(tokens: list[str], allowed: Callable[[str], bool]) -> tuple[bool, list[str]]:
    result, rest = _together(tokens, allowed)
    while rest and rest[0] == "OR":
        other, rest = _together(rest[1:], allowed)
        result = result or other
    return result, rest


def _together(tokens: list[str], allowed: Callable[[str], bool]) -> tuple[bool, list[str]]:
    result, rest = _one(tokens, allowed)
    while rest and rest[0] == "AND":
        other, rest = _one(rest[1:], allowed)
        result = result and other
    return result, rest


def _one(tokens: list[str], allowed: Callable[[str], bool]) -> tuple[bool, list[str]]:
    if not tokens:
        return False, []
    if tokens[0] != "(":
        return allowed(tokens[0]), tokens[1:]
    result, rest = _alternatives(tokens[1:], allowed)
    return result and rest[:1] == [")"], rest[1:]


def required_packages(name: str, extras: frozenset[str]) -> dict[str, Distribution]:
    """Return the installed packages that a package with extras requires, itself not, by name.

    Parameters
    ----------
    name
        Name of the package.
    extras
        Names of its extras.
    """
    found: dict[str, Distribution] = {}
    waiting, seen = [(name, extras)], set()
    while waiting:
        current = waiting.pop()
        if current in seen:
            continue
        seen.add(current)
        try:
            package = distribution(current[0])
        except PackageNotFoundError:
            continue  # of an extra that is installed elsewhere
        found[canonicalize_name(current[0])] = package
        for line in package.requires or ():
            requirement = Requirement(line)
            environments = ({"extra": extra} for extra in ("", *current[1]))
            if requirement.marker is None or any(map(requirement.marker.evaluate, environments)):
                waiting.append((requirement.name, frozenset(requirement.extras)))
    found.pop(canonicalize_name(name), None)
    return dict(sorted(found.items()))


def python_licenses(rules: Rules) -> Iterator[tuple[str, str]]:
    """Yield the names and licenses of the Python packages that the extras install."""
    extras = frozenset(distribution("jupyter_safecoder").metadata.get_all("Provides-Extra") or ())
    for name, package in required_packages("jupyter_safecoder", extras).items():
        yield name, license_of(package, rules)


def bundle_packages(path: Path = BUNDLE) -> list[dict[str, str]]:
    """Return npm's packages in the bundle of the lab extension, as webpack lists them."""
    packages: list[dict[str, str]] = json.loads(path.read_text("utf-8"))["packages"]
    return packages


def refused(licenses: Iterator[tuple[str, str]], rules: Rules) -> list[str]:
    """Return what is neither allowed nor an exception, a line each.

    Parameters
    ----------
    licenses
        Names of packages, and their licenses.
    rules
        What is allowed.
    """
    return [
        f"{name}: {expression or 'no license'}"
        for name, expression in licenses
        if name not in rules.exceptions and not is_allowed(expression, rules.allowed.__contains__)
    ]


def main() -> int:
    """Print packages whose licenses are not allowed; returns the exit status."""
    rules = read_rules()
    found = refused(python_licenses(rules), rules)
    npm = ((package["name"], package["licenseId"]) for package in bundle_packages())
    found += refused(npm, rules)
    for line in found:
        sys.stderr.write(f"{line} is not in supply_chain/licenses.toml.\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
