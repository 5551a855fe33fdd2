"""The benchmark of indexes measures a folder of packages."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.attribution import bench_attribution
from jupyter_safecoder.errors import UnusableCorpus
from tests.support.source_trees import write_tree


def test_the_figures_of_a_folder_of_packages(tmp_path: Path) -> None:
    for number in range(20):
        names = ("__init__.py", f"a{number}.py", f"b{number}.py")
        write_tree(tmp_path / f"package{number}", *names)
        # They are all alike otherwise.
        (tmp_path / f"package{number}" / "__init__.py").write_text("")
    report = bench_attribution(tmp_path, 0, 50)
    assert 0.05 < report["share"] < 0.2
    assert report["files"] >= 30
    assert report["verbatim"]["copies"] == 50
    assert report["verbatim"]["recall"] == 1.0
    assert report["renamed"]["copies"] >= 50
    assert report["renamed"]["recall"] >= 0.8
    assert report["unrelated"]["texts"] == 50
    assert report["unrelated"]["false"] == 0
    assert set(report["lookup_ms"]) == {"12", "40"}
    assert report["memory_mb"] > 0


def test_too_few_packages(tmp_path: Path) -> None:
    with pytest.raises(UnusableCorpus, match="too few packages"):
        bench_attribution(tmp_path, 0, 1)
