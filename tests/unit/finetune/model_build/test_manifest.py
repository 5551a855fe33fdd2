"""Manifests of sources are checked when they are read."""

from __future__ import annotations

from pathlib import Path

import pytest

from jupyter_safecoder.errors import FinetuneError
from jupyter_safecoder.finetune.model_build.manifest import read_manifest
from tests.support.paths import WEIGHTS_RECIPE


def test_the_manifest_that_ships() -> None:
    manifest = read_manifest(WEIGHTS_RECIPE / "sources.toml")
    names = {package.name for package in manifest.packages}
    assert len(names) == len(manifest.packages) == 98
    assert set(manifest.held_out) == {
        *("seaborn", "linearmodels", "tsfresh", "skrub", "mapie", "lmfit", "emcee", "hdbscan")
    }
    assert not names & {*manifest.held_out, "alibi", "gensim", "pingouin"}


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ('name = "altair"', 'name = "HDBSCAN"', "HDBSCAN is held out"),
        ('name = "altair"', 'name = "../altair"', "cannot be read as a manifest"),
        ('version = "6.3.0"', 'version = "6/../3"', "cannot be read as a manifest"),
        ('license = "BSD"', 'licence = "BSD"', "'licence' in .* is now 'license'"),
        ("held_out =", "kept_out =", "cannot be read as a manifest"),
    ],
)
def test_manifests_that_are_refused(tmp_path: Path, old: str, new: str, expected: str) -> None:
    path = tmp_path / "sources.toml"
    path.write_text(
        (WEIGHTS_RECIPE / "sources.toml").read_text("utf-8").replace(old, new, 1), "utf-8"
    )
    with pytest.raises(FinetuneError, match=expected):
        read_manifest(path)
