"""The folder of a notebook: its Python files, its other notebooks, and a bounded copy of it."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from jupyter_safecoder.errors import NotebookError, UnusableFile
from jupyter_safecoder.files.python_source import decode_python
from jupyter_safecoder.ignore_files import ExclusionReason, IgnoredDocuments
from jupyter_safecoder.notebooks import read_cells

#: Maximum number of directories that are searched for modules and for files to copy.
_MAX_DIRECTORIES = 1_000
#: Maximum number and size of the Python files of a folder that are read.
_MAX_MODULES, _MAX_MODULE_BYTES = 200, 200_000
#: Maximum number and size of the files that are copied, and of all of them.
_MAX_FILES, _MAX_FILE_BYTES, _MAX_BYTES = 5_000, 256 * 2**20, 2**30
#: Directories that hold no files of the notebook's author.
_SKIPPED = frozenset({"__pycache__", "node_modules", "site-packages"})
#: Maximum number of other notebooks that a task has, and of characters of each document and of all.
_MAX_NOTEBOOKS, _MAX_CHARACTERS, _MAX_ALL_CHARACTERS = 3, 24_000, 48_000


def find_notebooks(paths: Sequence[Path]) -> list[Path]:
    """Return notebooks, and those in folders, sorted, each once.

    Raises
    ------
    NotebookError
        If a path does not exist, or there is no notebook.
    """
    found: dict[Path, None] = {}
    for path in paths:
        if path.is_dir():
            found.update(dict.fromkeys(sorted(_files(path, ".ipynb"))))
        elif path.exists():
            found[path] = None
        else:
            raise NotebookError(f"There is no file {path}.")
    if not found:
        raise NotebookError("There are no notebooks in these folders.")
    return list(found)


def exclusion(notebook: Path) -> ExclusionReason | None:
    """Return why a ``.safecoderignore`` excludes a notebook; ``None`` if none does."""
    path = notebook.absolute()
    return IgnoredDocuments(path.parent).exclusion(path.name)


def kernel_name(notebook: Path) -> str:
    """Return the name of the kernel that a notebook names; empty if it names none."""
    try:
        name = json.loads(notebook.read_text("utf-8"))["metadata"]["kernelspec"]["name"]
    except (OSError, ValueError, KeyError, TypeError):
        return ""
    return name if isinstance(name, str) else ""


def read_modules(folder: Path) -> dict[str, str]:
    """Return the sources of the Python files of a folder by their relative path, with ``/``.

    Files that a ``.safecoderignore`` excludes are left out.
    """
    ignored = IgnoredDocuments(folder)
    modules: dict[str, str] = {}
    for path in _files(folder, ".py", _MAX_DIRECTORIES):
        if len(modules) == _MAX_MODULES:
            break
        name = path.relative_to(folder).as_posix()
        source = _read(path) if ignored.exclusion(name) is None else None
        if source is not None:
            modules[name] = source
    return modules


def documents_of(
    notebook: Path, modules: dict[str, str], imported: Iterable[str]
) -> list[dict[str, str]]:
    """Return the documents of a task: local modules, and what is in the notebook's directory.

    Parameters
    ----------
    notebook
        The notebook, which is none of them.
    modules
        From :func:`read_modules`.
    imported
        Paths of the modules that the notebook imports: they come first.
    """
    beside = [path for path in modules if "/" not in path]
    order = dict.fromkeys([*imported, *beside])
    documents = [(path, modules[path]) for path in order]
    documents += _other_notebooks(notebook)
    left = _MAX_ALL_CHARACTERS
    found = []
    for path, source in documents:
        text = source if path.endswith(".ipynb") else _first_lines(source, _MAX_CHARACTERS)
        if text.strip() and len(text) <= left:
            found.append({"path": path, "source": text})
            left -= len(text)
    return found


def copy_folder(folder: Path, target: Path) -> None:
    """Copy the files of a folder, the nearest first, until the copy is large enough.

    Links to directories, hidden and special files are left out; so is what cannot be read.

    Parameters
    ----------
    folder
        The folder.
    target
        The directory of the copy, which is created.
    """
    target.mkdir(parents=True)
    left = _MAX_BYTES
    for number, path in enumerate(_files(folder, directories=_MAX_DIRECTORIES)):
        if number == _MAX_FILES:
            return
        try:
            size = path.stat().st_size
            if size > min(left, _MAX_FILE_BYTES):
                continue
            copy = target / path.relative_to(folder)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, copy)
            left -= size
        except OSError:
            continue


def _files(folder: Path, suffix: str = "", directories: int = sys.maxsize) -> Iterator[Path]:
    """Yield the regular files below a folder, the nearest first, by name in each directory."""
    waiting = deque([folder])
    while waiting and directories > 0:
        directory = waiting.popleft()
        directories -= 1
        try:
            entries = sorted(os.scandir(directory), key=lambda entry: entry.name)
        except OSError:
            continue
        for entry in entries:
            if entry.name.startswith(".") or entry.name in _SKIPPED:
                continue
            if entry.is_dir(follow_symlinks=False):
                if not os.path.exists(os.path.join(entry.path, "pyvenv.cfg")):
                    waiting.append(Path(entry.path))
            elif entry.is_file() and entry.name.endswith(suffix):
                yield Path(entry.path)


def _other_notebooks(notebook: Path) -> Iterator[tuple[str, str]]:
    """Yield the name and the code of the notebooks that follow one in its directory, by name."""
    ignored = IgnoredDocuments(notebook.parent)
    names = sorted(path.name for path in notebook.parent.glob("*.ipynb"))
    place = names.index(notebook.name) if notebook.name in names else 0
    for name in [*names[place + 1 :], *names[:place]][:_MAX_NOTEBOOKS]:
        if ignored.exclusion(name) is not None:
            continue
        try:
            cells, _ = read_cells(notebook.parent / name)
        except NotebookError:
            continue
        yield name, _shortened_notebook([cell.source for cell in cells if cell.type == "code"])


def _shortened_notebook(sources: Sequence[str]) -> str:
    """Return the JSON of a notebook of the first of these code cells."""
    left = _MAX_CHARACTERS // 2
    cells = []
    for source in sources:
        left -= len(source)
        if left < 0:
            break
        cells.append({"cell_type": "code", "source": source})
    return json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5})


def _read(path: Path) -> str | None:
    try:
        if path.stat().st_size > _MAX_MODULE_BYTES:
            return None
        return decode_python(path.read_bytes())
    except (OSError, UnusableFile):
        return None


def _first_lines(text: str, characters: int) -> str:
    """Return the whole lines of a text that have so many characters together."""
    return text if len(text) <= characters else text[: text.rfind("\n", 0, characters + 1) + 1]
