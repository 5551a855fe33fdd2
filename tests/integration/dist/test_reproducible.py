"""Both wheels are the same bytes whenever, wherever and by whomever they are built."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from supply_chain.sbom import FILES
from tests.support.paths import ROOT

#: What the build of the wheels reads.
_SOURCES = (
    *("jupyter_safecoder", "jupyter-config", "weights", "supply_chain", "labextension"),
    *("pyproject.toml", "README.md", "LICENSE"),
)
_IGNORED = shutil.ignore_patterns("__pycache__", "node_modules", "lib", "dist")
#: Two builders: mode of new files, and time of all files.
_BUILDERS = ((0o022, 1_000_000_000), (0o077, 1_700_000_000))

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


def _copy(directory: Path, umask: int, time: int) -> None:
    """Copy the sources as another user has them, at another time."""
    for name in _SOURCES:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, directory / name, ignore=_IGNORED)
        else:
            directory.mkdir(exist_ok=True)
            shutil.copyfile(source, directory / name)
    for path in directory.rglob("*"):
        if path.is_symlink():
            continue
        path.chmod((0o777 if path.is_dir() else 0o666) & ~umask)
        os.utime(path, (time, time))


def _build(directory: Path, out: Path, umask: int) -> None:
    # hatchling takes the time of reproducible builds by itself; a wheel must not depend on others.
    environment = {k: v for k, v in os.environ.items() if k != "SOURCE_DATE_EPOCH"}
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(out)]
    subprocess.run(
        command, cwd=directory, env=environment, check=True, capture_output=True, umask=umask
    )


def _link(source: str, target: str) -> None:
    """Make a hard link, or a copy in another file system: tens of thousands of files are read."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[list[Path]]]:
    """Yield the wheels of each builder, sorted by name."""
    built = []
    for number, (umask, time) in enumerate(_BUILDERS):
        directory = tmp_path_factory.mktemp(f"builder{number}") / ("long-" * number + "clone")
        _copy(directory, umask, time)
        out = directory.parent / "out"
        _build(directory, out, umask)
        _build(directory / "weights", out, umask)
        built.append(sorted(out.glob("*.whl")))
    yield built
    for paths in built:
        shutil.rmtree(paths[0].parents[1])


def test_the_bytes_are_the_same(wheels: list[list[Path]]) -> None:
    one, other = wheels
    assert [path.name for path in one] == [path.name for path in other]
    assert len(one) == 2
    for path, again in zip(one, other, strict=True):
        assert hashlib.sha256(path.read_bytes()).digest() == (
            hashlib.sha256(again.read_bytes()).digest()
        ), path.name


def test_the_bills_of_materials_are_in_the_wheels(wheels: list[list[Path]]) -> None:
    found = {}
    for path in wheels[0]:
        archive = zipfile.ZipFile(path)
        (name,) = (n for n in archive.namelist() if ".dist-info/sboms/" in n)
        bill = json.loads(archive.read(name))
        found[bill["metadata"]["component"]["name"]] = bill
    assert found == {name: json.loads(path.read_text("utf-8")) for name, path in FILES.items()}


def test_the_bundle_of_the_lab_extension_is_the_same(tmp_path: Path) -> None:
    """The names of its files have hashes of their content."""
    bundles = []
    for umask, time in _BUILDERS:
        directory = tmp_path / f"clone{umask}"
        _copy(directory, umask, time)
        bundle = directory / "jupyter_safecoder" / "labextension"
        shutil.rmtree(bundle)
        modules = ROOT / "labextension" / "node_modules"
        shutil.copytree(
            modules,
            directory / "labextension" / "node_modules",
            symlinks=True,
            copy_function=_link,
        )
        command = ["jlpm", "build:prod"]
        subprocess.run(command, cwd=directory / "labextension", check=True, capture_output=True)
        files = (path for path in bundle.rglob("*") if path.is_file())
        bundles.append({path.relative_to(bundle): path.read_bytes() for path in files})
    assert bundles[0] == bundles[1]
