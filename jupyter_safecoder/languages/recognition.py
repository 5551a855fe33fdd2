"""Recognizes a language by the names that kernels, notebooks, files and programs have for it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache, lru_cache
from pathlib import PurePosixPath
from typing import Any

from .table import languages

#: The language of a notebook that names none.
DEFAULT_LANGUAGE = "python"
#: Maximum length in characters of a name that is not in the table.
_MAX_CHARACTERS = 64
_MAX_NAMES = 8

_MEDIA_TYPE = re.compile(r"(?:text|application)/(?:x-)?(?P<name>[\w+#.-]+)")
_VERSION = re.compile(r"[\s_.-]*v?\d[\d._-]*$")
#: The names that nb_conda_kernels gives to kernels end with the language.
_CONDA = re.compile(r"(?:conda|mamba)-.*-(?P<name>py|r|jl)")
_WORDS = re.compile(r"[a-z+#]{2,}")
#: Programs that run the program after them.
_RUNNERS = frozenset(
    ("env", "exec", "nice", "nohup", "pixi", "poetry", "run", "sudo", "time", "uv")
)
#: A longer name with one of these at an end is of the same language: ``xpython``, ``ijulia``.
_MIN_PART_CHARACTERS = 5


def language_of(names: str) -> str:
    """Return the language of a kernel.

    Parameters
    ----------
    names
        Its name, or several names of it, divided by commas, the most telling first: that of its
        ``language_info``, an extension with its dot, a lexer, a media type.

    Returns
    -------
    str
        A name of the table for the first name that it has; otherwise the first name in lower case,
        or Python's where there is none.
    """
    return _language_of(names[: _MAX_NAMES * _MAX_CHARACTERS])


def notebook_language(metadata: Mapping[str, Any]) -> str:
    """Return the language of a notebook, by its metadata: what its kernel or kernelspec says."""
    info = _mapping(metadata.get("language_info"))
    spec = _mapping(metadata.get("kernelspec"))
    mode = info.get("codemirror_mode")
    found = (
        info.get("name"),
        _with_dot(info.get("file_extension")),
        info.get("pygments_lexer"),
        _mapping(mode).get("name") if isinstance(mode, Mapping) else mode,
        info.get("mimetype"),
        spec.get("language"),
        spec.get("name"),
    )
    return language_of(",".join(str(name).replace(",", " ") for name in found if name))


def language_of_file(path: str) -> str | None:
    """Return the language of a file by its name; ``None`` if the table does not have it."""
    name = PurePosixPath(path.replace("\\", "/").lower()).name
    # A name like Makefile or .bashrc is an extension of its own.
    return _by_extension().get(name.rpartition(".")[2])


def language_of_program(command: Iterable[str]) -> str | None:
    """Return the language that a program runs; ``None`` if the table does not have it.

    Parameters
    ----------
    command
        The program and its arguments; programs like ``env`` and variables before it do not count.
    """
    for word in command:
        name = PurePosixPath(word.replace("\\", "/")).name.lower().removesuffix(".exe")
        if name in _RUNNERS or word.startswith("-") or "=" in word:
            continue
        return _exactly(name)
    return None


@lru_cache(256)
def _language_of(names: str) -> str:
    parts = [part.strip().lower() for part in names.split(",")][:_MAX_NAMES]
    parts = [part for part in parts if part]
    for recognize in (_exactly, _loosely):
        for part in parts:
            if (language := recognize(part)) is not None:
                return language
    return parts[0][:_MAX_CHARACTERS] if parts else DEFAULT_LANGUAGE


def _exactly(name: str) -> str | None:
    """Return the language of a name in lower case, with or without a version."""
    if name.startswith("."):
        return _by_name().get(name) or _by_extension().get(name[1:])
    media_type = _MEDIA_TYPE.fullmatch(name.partition(";")[0])
    if media_type:
        name = media_type["name"]
    if conda := _CONDA.fullmatch(name):
        name = conda["name"]
    by_name = _by_name()
    return by_name.get(name) or by_name.get(_VERSION.sub("", name))


def _loosely(name: str) -> str | None:
    """Return the language of a name by a word in it, the last one that is known."""
    by_name = _by_name()
    words = _WORDS.findall(name)
    for word in reversed(words):
        if word in by_name:
            return by_name[word]
    for word in reversed(words):
        for part in languages():
            if len(part) >= _MIN_PART_CHARACTERS and (word.endswith(part) or word.startswith(part)):
                return part
    return None


@cache
def _by_name() -> dict[str, str]:
    return dict(_pairs("names"))


@cache
def _by_extension() -> dict[str, str]:
    return dict(_pairs("extensions"))


def _pairs(attribute: str) -> Iterator[tuple[str, str]]:
    for one in languages().values():
        for key in getattr(one, attribute):
            yield key, one.name


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _with_dot(extension: object) -> str:
    text = extension if isinstance(extension, str) else ""
    return f".{text.strip().lstrip('.')}" if text.strip(" .") else ""
