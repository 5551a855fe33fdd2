"""The indexes of a cache directory."""

from __future__ import annotations

from pathlib import Path

from jupyter_safecoder.attribution.store import ADAPTER_INDEX, index_path, stored_indexes


def test_indexes_of_corpora_and_of_adapters(tmp_path: Path) -> None:
    assert stored_indexes(tmp_path) == []
    for path in (
        index_path(tmp_path, "numpy"),
        tmp_path / "attribution" / "optout" / "x.attribution",
        tmp_path / "adapters" / "ours" / ADAPTER_INDEX,
        tmp_path / "adapters" / ".ours+partial-1" / ADAPTER_INDEX,
    ):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    found = [(one.name, one.kind) for one in stored_indexes(tmp_path)]
    assert found == [("numpy", "corpus"), ("ours", "adapter")]
