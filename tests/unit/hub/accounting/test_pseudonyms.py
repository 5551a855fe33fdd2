"""Pseudonyms: the same for a key, different for another, and the key is private."""

from __future__ import annotations

from pathlib import Path

import pytest

from jupyter_safecoder.hub.accounting.pseudonyms import Pseudonyms


def test_a_name_has_one_pseudonym_for_a_key(tmp_path: Path) -> None:
    first = Pseudonyms(tmp_path / "key")
    again = Pseudonyms(tmp_path / "key")
    other = Pseudonyms(tmp_path / "other")
    assert first.pseudonym("ada") == again.pseudonym("ada")
    assert first.pseudonym("ada") != first.pseudonym("bob")
    assert first.pseudonym("ada") != other.pseudonym("ada")
    assert "ada" not in first.pseudonym("ada")
    assert first.pseudonym("\ud800") != first.pseudonym("?")


def test_the_key_is_for_its_owner_alone(tmp_path: Path) -> None:
    Pseudonyms(tmp_path / "state" / "key")
    path = tmp_path / "state" / "key"
    assert path.stat().st_mode & 0o077 == 0
    assert len(path.read_bytes()) == 32
    assert list(path.parent.iterdir()) == [path]


def test_a_key_of_version_0_1_is_used_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "key").write_bytes(bytes(range(32)))
    assert Pseudonyms(tmp_path / "key").pseudonym("ada") == "p-9556fd532c3b9e35"


@pytest.mark.parametrize("key", [b"", b"x" * 31, b"x" * 33])
def test_a_damaged_key_is_an_error(tmp_path: Path, key: bytes) -> None:
    """A machine that lost power may leave a file without content."""
    (tmp_path / "key").write_bytes(key)
    with pytest.raises(OSError, match="not a key of 32 bytes"):
        Pseudonyms(tmp_path / "key")
    assert (tmp_path / "key").read_bytes() == key
