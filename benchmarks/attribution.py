"""Measures indexes of code: size, build, look-up, what is found, and what is found wrongly.

The source is a folder of packages, such as the one that packages are installed in. Some of them are
held out: their code is what is unrelated. A match of it counts as false if the file that it names
has nothing of the kind, and as a coincidence if it has.
"""

from __future__ import annotations

import ast
import re
import resource
import statistics
import sys
import tempfile
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from jupyter_safecoder.attribution.build import build_index, process_count
from jupyter_safecoder.attribution.characters import characters_of
from jupyter_safecoder.attribution.index import AttributionIndex, Match
from jupyter_safecoder.attribution.shapes import MIN_CHARACTERS, MIN_LINES
from jupyter_safecoder.attribution.sources import MAX_BYTES
from jupyter_safecoder.attribution.structure import code_lines
from jupyter_safecoder.errors import UnusableCorpus

#: One package of so many is held out.
_HELD_OUT = 8
#: Lines of a suggestion: the longest that is looked up, and the longest that the runtime makes.
_LINES, _USUAL_LINES = 40, 12
#: Characters, and lines of code, that a file must have in common with a match of it.
_MIN_COMMON_CHARACTERS, _MIN_COMMON_LINES = 40, 6
_MAX_FUNCTION_LINES = 40
#: Characters from which on a coincidence is a long one.
_LONG = 100


@dataclass(frozen=True)
class _File:
    """A file of Python code: the package's folder, its path in it, and its text."""

    package: str
    path: str
    text: str


def bench_attribution(
    source: Path,
    megabytes: int,
    samples: int,
    progress: Callable[[float, str], None] = lambda share, text: None,
) -> dict[str, Any]:
    """Build an index of the packages in a folder, and search it.

    Parameters
    ----------
    source
        The folder.
    megabytes
        Maximum size of the packages that are indexed, in MB; 0: all of them.
    samples
        Number of copies and of unrelated texts.
    progress
        Called with the share that is done, 0 to 1, and a description of the work.

    Raises
    ------
    UnusableCorpus
        If there are fewer than two packages.
    """
    indexed, held_out = _split(source, megabytes * 1_000_000)
    with tempfile.TemporaryDirectory() as temporary:
        path = Path(temporary) / "a.attribution"
        started = time.perf_counter()
        built = build_index(
            indexed, path, progress=lambda done, total: progress(0.7 * done / total, "Building")
        )
        seconds = time.perf_counter() - started
        index = AttributionIndex(path)
    random = Random("attribution")  # noqa: S311 - reproducible, not secret
    files, others = _read(indexed, random, samples), _read(held_out, random, samples)
    report: dict[str, Any] = {
        "files": built.files,
        "source_mb": round(built.source_bytes / 1e6, 1),
        "index_mb": round(built.index_bytes / 1e6, 1),
        "share": round(built.index_bytes / built.source_bytes, 4),
        "build_s": round(seconds, 1),
        "memory_mb": round(_memory_mb()),
    }
    progress(0.75, "Searching copies")
    report["verbatim"] = _verbatim(index, files, random, samples)
    progress(0.85, "Searching copies with other names")
    report["renamed"] = _renamed(index, files, samples)
    progress(0.9, "Searching unrelated code")
    report["unrelated"] = _unrelated(index, others, indexed, random, samples)
    report["lookup_ms"] = {
        str(lines): _lookup(index, [*files, *others], random, samples, lines)
        for lines in (_USUAL_LINES, _LINES)
    }
    return report


def _split(source: Path, max_bytes: int) -> tuple[list[Path], list[Path]]:
    """Return packages to index and others, the same ones each time."""
    packages = sorted(
        path
        for path in source.iterdir()
        if path.is_dir() and (path / "__init__.py").is_file() and not path.is_symlink()
    )
    held_out = [path for path in packages if zlib.crc32(path.name.encode()) % _HELD_OUT == 0]
    indexed, size = [], 0
    for path in sorted(set(packages) - set(held_out), key=lambda path: zlib.crc32(bytes(path))):
        own = sum(file.stat().st_size for file in path.rglob("*.py"))
        if not max_bytes or size + own <= max_bytes:
            indexed.append(path)
            size += own
    if not indexed or not held_out:
        raise UnusableCorpus(f"There are too few packages in {source}.", "Name another folder.")
    return indexed, held_out


def _read(packages: Sequence[Path], random: Random, number: int) -> list[_File]:
    """Return some files, and of each package as many as of the others."""
    by_package = [[*package.rglob("*.py")] for package in packages]
    by_package = [sorted(files) for files in by_package if files]
    found: list[_File] = []
    for _ in range(4 * number):
        path = random.choice(random.choice(by_package))
        package = next(one for one in packages if path.is_relative_to(one))
        if 1_000 < path.stat().st_size <= MAX_BYTES:
            text = path.read_text("utf-8", "replace")
            found.append(_File(package.name, path.relative_to(package).as_posix(), text))
        if len(found) == number:
            break
    return found


def _memory_mb() -> float:
    """Return the memory of this process and of those that it started, at most, in MB."""
    unit = 1e6 if sys.platform == "darwin" else 1e3
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    child = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    return float((own + process_count() * child) / unit)


def _verbatim(
    index: AttributionIndex, files: Sequence[_File], random: Random, samples: int
) -> dict[str, Any]:
    """Search copies of the shortest length that is guaranteed, with other white space."""
    copies = found = boilerplate = visible = found_visible = 0
    for _ in range(samples):
        text = random.choice(files).text
        offsets = characters_of(text).offsets
        if len(offsets) <= MIN_CHARACTERS:
            continue
        start = random.randrange(len(offsets) - MIN_CHARACTERS)
        end = int(offsets[start + MIN_CHARACTERS - 1]) + 1
        copy = _rewrapped(text[int(offsets[start]) : end], random)
        copies += 1
        if index.find(copy, "python"):
            found += 1
        elif index.has_run(copy):
            boilerplate += 1
        first = random.randrange(len(text) - MIN_CHARACTERS)
        short = text[first : first + MIN_CHARACTERS]
        visible += 1
        found_visible += bool(index.find(_rewrapped(short, random), "python"))
    return {
        "copies": copies,
        "recall": round(found / max(1, copies - boilerplate), 4),
        "boilerplate": round(boilerplate / max(1, copies), 4),
        "recall_counting_white_space": round(found_visible / max(1, visible), 4),
    }


def _rewrapped(text: str, random: Random) -> str:
    """Return a text with other white space where it has some."""
    return re.sub(r"\s+", lambda _: random.choice([" ", "\n", "\n\t\t", "   ", "\r\n"]), text)


def _renamed(index: AttributionIndex, files: Sequence[_File], samples: int) -> dict[str, Any]:
    """Search functions whose variables have other names."""
    tried = found = 0
    for file in files:
        for copy in _renamed_functions(file.text):
            tried += 1
            found += bool(index.find(copy, "python"))
        if tried >= samples:
            break
    return {"copies": tried, "recall": round(found / max(1, tried), 4)}


def _renamed_functions(text: str) -> Iterator[str]:
    """Yield functions with so many lines of code that they are to be found, with other names."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return
    lines = text.split("\n")
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            code = "\n".join(lines[node.lineno - 1 : node.end_lineno])
            number = len(code_lines(code, "python").hashes)
            if MIN_LINES <= number <= _MAX_FUNCTION_LINES:
                names = {one.arg for one in ast.walk(node) if isinstance(one, ast.arg)}
                names |= {
                    one.id
                    for one in ast.walk(node)
                    if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store)
                }
                yield _with_other_names(code, names)


def _with_other_names(code: str, names: set[str]) -> str:
    return re.sub(r"\b[^\W\d]\w*", lambda m: f"v{m[0][::-1]}" if m[0] in names else m[0], code)


def _unrelated(
    index: AttributionIndex,
    others: Sequence[_File],
    indexed: Sequence[Path],
    random: Random,
    samples: int,
) -> dict[str, Any]:
    """Search code of packages that are not in the index."""
    folders = {path.name: path for path in indexed}
    texts = list(_parts(others, random, samples, _LINES))
    counts = dict.fromkeys(("false", "verbatim", "structure", "of_100_characters"), 0)
    for text in texts:
        matches = index.find(text, "python")
        true = [match for match in matches if _is_true(match, text, folders)]
        counts["false"] += len(true) < len(matches)
        for kind in ("verbatim", "structure"):
            counts[kind] += any(match.kind == kind for match in true)
        counts["of_100_characters"] += any(match.characters >= _LONG for match in true)
    shares = {name: round(number / max(1, len(texts)), 4) for name, number in counts.items()}
    return {"texts": len(texts), "false": shares.pop("false"), "coincidences": shares}


def _is_true(match: Match, text: str, folders: dict[str, Path]) -> bool:
    """Return whether the file that a match names has what it says."""
    named = (folders[match.source] / match.path).read_text("utf-8", "replace")
    part = text[match.start : match.end]
    if match.kind == "verbatim":
        own, other = (bytes(characters_of(one).codes) for one in (part, named))
        size = _MIN_COMMON_CHARACTERS
    else:
        own, other = (code_lines(one, "python").hashes.tobytes() for one in (part, named))
        size = 8 * _MIN_COMMON_LINES
    return any(own[n : n + size] in other for n in range(max(1, len(own) - size + 1)))


def _parts(files: Sequence[_File], random: Random, number: int, lines: int) -> Iterator[str]:
    for _ in range(number):
        split = random.choice(files).text.split("\n")
        start = random.randrange(max(1, len(split) - lines))
        yield "\n".join(split[start : start + lines])


def _lookup(
    index: AttributionIndex, files: Sequence[_File], random: Random, samples: int, lines: int
) -> dict[str, float]:
    times = []
    for text in _parts(files, random, samples, lines):
        started = time.perf_counter()
        index.find(text, "python")
        times.append(1000 * (time.perf_counter() - started))
    percentiles = statistics.quantiles(times, n=20)
    return {"p50": round(percentiles[9], 3), "p95": round(percentiles[18], 3)}
