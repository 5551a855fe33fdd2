"""Each module has a test of its own, found by name or in ``tests/module_map.toml``."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import pytest

from jupyter_safecoder.files.toml import read_toml
from tests.support.paths import ROOT

_MAP = read_toml(ROOT / "tests/module_map.toml")
TESTED_BY: dict[str, str] = _MAP["tested_by"]
WITHOUT_RULE: dict[str, str] = _MAP["without_rule"]
OVER_SEVERAL: dict[str, str] = _MAP["over_several_modules"]
KINDS = ("unit", "integration", "browser", "slow", "remote")


def _files(folder: str, *patterns: str) -> list[str]:
    found = (path for pattern in patterns for path in (ROOT / folder).rglob(pattern))
    return sorted(path.relative_to(ROOT).as_posix() for path in found)


def _defines_nothing(module: str) -> bool:
    """Return whether an ``__init__`` has imports and names alone."""
    body = ast.parse((ROOT / module).read_text("utf-8")).body
    return not any(isinstance(node, ast.FunctionDef | ast.ClassDef) for node in body)


def modules() -> list[str]:
    """Return the modules that need a test or an entry."""
    python = [*_files("jupyter_safecoder", "*.py"), *_files("benchmarks", "*.py")]
    typescript = [
        path for path in _files("labextension/src", "*.ts", "*.tsx") if ".spec." not in path
    ]
    return [
        *(
            path
            for path in python
            if not path.endswith("__init__.py") or not _defines_nothing(path)
        ),
        *_files("jupyter_safecoder/hub", "*.js"),
        *typescript,
    ]


def candidates_of(module: str) -> Iterator[str]:
    """Yield where the test of a module may be, by its name."""
    path = PurePosixPath(module)
    if path.suffix in (".ts", ".tsx"):
        yield str(path.with_suffix(f".spec{path.suffix}"))
    else:
        folder = path.parent
        if path.parts[0] == "jupyter_safecoder":
            folder = folder.relative_to("jupyter_safecoder")
        for kind in KINDS:
            yield str(PurePosixPath("tests", kind) / folder / f"test_{path.stem.strip('_')}.py")


def entry_of(module: str) -> str | None:
    """Return the key of the map's entry for a module: its path, or that of a folder of it."""
    folders = (f"{folder}/" for folder in PurePosixPath(module).parents)
    found = [key for key in (module, *folders) if key in TESTED_BY or key in WITHOUT_RULE]
    return found[0] if found else None


MODULES = modules()
FOUND_BY_NAME = {
    module: [test for test in candidates_of(module) if (ROOT / test).is_file()]
    for module in MODULES
}


@pytest.mark.parametrize("module", MODULES)
def test_a_module_has_a_test_or_an_entry(module: str) -> None:
    candidates = "\n  ".join(candidates_of(module))
    assert bool(FOUND_BY_NAME[module]) != bool(entry_of(module)), (
        f"Either one of these tests, or an entry in tests/module_map.toml:\n  {candidates}"
    )


def test_entries_name_what_exists() -> None:
    used = {entry_of(module) for module in MODULES}
    assert set(TESTED_BY) | set(WITHOUT_RULE) == used - {None}
    assert not set(TESTED_BY) & set(WITHOUT_RULE)
    missing = [path for path in (*TESTED_BY.values(), *OVER_SEVERAL) if not _is_test(path)]
    assert missing == []


def _is_test(path: str) -> bool:
    name = Path(path).name
    return (ROOT / path).is_file() and (name.startswith("test_") or ".spec." in name)


def test_a_unit_test_is_of_a_module() -> None:
    unit_tests = [*_files("tests/unit", "test_*.py"), *_files("labextension/src", "*.spec.ts*")]
    by_name = {test for tests in FOUND_BY_NAME.values() for test in tests}
    assert set(unit_tests) - by_name - set(TESTED_BY.values()) == set(OVER_SEVERAL)
