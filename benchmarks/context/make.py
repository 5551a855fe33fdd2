"""Makes the two sets of executed tasks: of packages' notebooks, and of ``notebooks/team``."""

from __future__ import annotations

import hashlib
import json
import lzma
import platform
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jupyter_safecoder.downloads.package_index import Package, fetch
from jupyter_safecoder.evaluation.task_making.folder import find_notebooks
from jupyter_safecoder.evaluation.task_making.make import MadeTasks, MakeOptions, make_tasks
from jupyter_safecoder.files.toml import read_toml
from jupyter_safecoder.finetune.model_build.archives import unpack

from .gallery import gallery_notebook

_FOLDER = Path(__file__).parent
#: The notebooks of the invented team, in a clone.
TEAM = _FOLDER.parent.parent / "notebooks" / "team"
#: Tasks of a notebook of each set.
_OF_A_PACKAGE, _OF_THE_TEAM = 3, 2


@dataclass(frozen=True)
class Sources:
    """The notebooks of a package.

    Parameters
    ----------
    package
        The package.
    notebooks
        Paths of notebooks and example scripts in the source distribution, without its first
        directory.
    """

    package: Package
    notebooks: tuple[str, ...]


def read_sources(path: Path = _FOLDER / "packages.toml") -> list[Sources]:
    """Return the packages of a TOML file."""
    return [
        Sources(
            Package(one["name"], one["version"], one["sha256"], one["license"]),
            tuple(one["notebooks"]),
        )
        for one in read_toml(path)["packages"]
    ]


def make_sets(
    names: Sequence[str], cache: Path, target: Path, progress: Callable[[float, str], None]
) -> dict[str, Any]:
    """Make sets of tasks, and write each with its manifest.

    Parameters
    ----------
    names
        Of ``packages`` and ``team``.
    cache
        Where the packages are fetched to.
    target
        The directory of the sets.
    progress
        Called with the share that is done, 0 to 1, and a description of the work.

    Returns
    -------
    dict
        For each set the number of notebooks, of those with tasks, and of tasks, and the size.
    """
    report: dict[str, Any] = {}
    for number, name in enumerate(names):

        def advance(share: float, text: str, before: int = number) -> None:
            progress((before + share) / len(names), text)

        if name == "team":
            notebooks = {
                path: {"path": path.name, "sha256": _sha256(path.read_bytes())}
                for path in find_notebooks([TEAM])
            }
            made = _make(notebooks, _OF_THE_TEAM, advance)
        else:
            notebooks = dict(_notebooks_of_packages(cache, advance))
            made = _make(notebooks, _OF_A_PACKAGE, advance)
        report[name] = _write(target / name, made, notebooks)
    return report


def _notebooks_of_packages(
    cache: Path, progress: Callable[[float, str], None]
) -> Iterator[tuple[Path, dict[str, str]]]:
    """Fetch the packages; yield each notebook, with what the manifest says of it."""
    for sources in read_sources():
        package = sources.package
        progress(0, f"Fetching {package.name}")
        directory = cache / "sources" / package.key
        if not directory.is_dir():
            unpack(fetch(package, "source", cache / "packages"), directory, 0)
        folder = cache / "notebooks" / package.name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        (root,) = directory.iterdir()
        for path in sources.notebooks:
            data = (root / path).read_bytes()
            copy = folder / f"{Path(path).stem}.ipynb"
            if path.endswith(".py"):
                copy.write_text(json.dumps(gallery_notebook(data.decode("utf-8"))), "utf-8")
            else:
                copy.write_bytes(data)
            yield copy, {"package": package.name, "path": path, "sha256": _sha256(data)}


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _make(
    notebooks: dict[Path, dict[str, str]], number: int, progress: Callable[[float, str], None]
) -> list[MadeTasks]:
    options = MakeOptions(execute=True, per_notebook=number)
    made = []
    for index, path in enumerate(notebooks):
        progress(index / len(notebooks), f"Executing {path.parent.name}/{path.name}")
        made.append(make_tasks(path, options))
    return made


def _write(
    target: Path, made: Sequence[MadeTasks], notebooks: dict[Path, dict[str, str]]
) -> dict[str, Any]:
    """Write the tasks and their manifest; return how many there are."""
    tasks = [task for one in made for task in one.tasks]
    lines = "".join(f"{json.dumps(task)}\n" for task in tasks)
    packed = lzma.compress(lines.encode(), preset=9 | lzma.PRESET_EXTREME)
    rows = [
        {
            **notebooks[one.path],
            "cells": one.cells,
            "executed": one.executed,
            "tasks": len(one.tasks),
            **({"stopped_at": one.failure} if one.failure else {}),
        }
        for one in made
    ]
    manifest = {
        "command": f"python -m benchmarks context-tasks {target.name}",
        "python": platform.python_version(),
        "packages": [
            {**vars(one.package)} for one in (read_sources() if target.name == "packages" else ())
        ],
        "notebooks": rows,
    }
    target.parent.mkdir(parents=True, exist_ok=True)
    target.with_suffix(".jsonl.xz").write_bytes(packed)
    target.with_suffix(".json").write_text(json.dumps(manifest, indent=1) + "\n", "utf-8")
    used = sum(1 for one in made if one.tasks)
    return {"notebooks": len(made), "used": used, "tasks": len(tasks), "bytes": len(packed)}
