"""What the export reports when it fails; real exports: ``tests/integration/conversion``."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from jupyter_safecoder.conversion.export import _explain


def test_the_first_line_of_an_error_is_reported(tmp_path: Path) -> None:
    message = _explain(ValueError("no such layer\nat line 5"), tmp_path)
    assert message["error"] == ("The checkpoint could not be exported (ValueError: no such layer).")
    assert "model verify" in message["remedy"]


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_is_reported(tmp_path: Path, number: int) -> None:
    message = _explain(OSError(number, "full"), tmp_path)
    assert "The disk is full" in message["error"]
    assert "c.SafeCoder.cache_dir" in message["remedy"]


def test_a_disk_that_is_full_without_an_errno(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """OpenVINO reports an "iostream error"."""
    from types import SimpleNamespace

    usage = SimpleNamespace(free=1000)
    monkeypatch.setattr("jupyter_safecoder.conversion.export.shutil.disk_usage", lambda path: usage)
    assert "The disk is full" in _explain(RuntimeError("iostream error"), tmp_path)["error"]
