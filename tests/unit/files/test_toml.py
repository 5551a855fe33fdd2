"""TOML files are read on every version of Python."""

from __future__ import annotations

from pathlib import Path

import pytest

from jupyter_safecoder.files.toml import read_toml


def test_a_file(tmp_path: Path) -> None:
    path = tmp_path / "a.toml"
    path.write_text("[a]\nb = 'ü'\n", "utf-8")
    assert read_toml(path) == {"a": {"b": "ü"}}


@pytest.mark.parametrize("content", [b"a = ", b"a = '\xff'"])
def test_no_toml(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.toml").write_bytes(content)
    with pytest.raises(ValueError, match=r"."):
        read_toml(tmp_path / "a.toml")
