"""The files of a model are verified before they are loaded."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from jupyter_safecoder.engines.scripted import write_scripted_model
from jupyter_safecoder.errors import ModelError
from jupyter_safecoder.models import EMBEDDED, resolve_model, verify_files


def test_the_embedded_model_is_intact() -> None:
    shares: list[float] = []
    verify_files(resolve_model(EMBEDDED), shares.append)
    assert shares == sorted(shares)
    assert shares[-1] == 1.0


def _remove(path: Path) -> None:
    path.unlink()


def _truncate(path: Path) -> None:
    os.truncate(path, path.stat().st_size - 1)


def _alter(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def _make_directory(path: Path) -> None:
    size = path.stat().st_size
    path.unlink()
    path.mkdir()
    model = path.parent / "model.json"
    model.write_text(model.read_text().replace(f'"size": {size}', f'"size": {path.stat().st_size}'))


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (_remove, "missing"),
        (_truncate, "truncated"),
        (_alter, "SHA-256 differs"),
        (_make_directory, "cannot be read"),
    ],
)
def test_a_damaged_file(tmp_path: Path, damage: Callable[[Path], None], reason: str) -> None:
    directory = write_scripted_model(tmp_path / "model", {"otherwise": "pass"})
    verify_files(resolve_model(str(directory)))
    damage(directory / "script.json")
    with pytest.raises(ModelError) as raised:
        verify_files(resolve_model(str(directory)))
    assert reason in raised.value.reason
    assert "again" in raised.value.remedy
