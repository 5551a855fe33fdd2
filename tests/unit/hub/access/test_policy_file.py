"""The file is read again when it changes, and fails closed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from jupyter_safecoder.hub.access.policy_file import PolicyFile

GOOD = "[groups.vision]\n"


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("jupyter_safecoder.hub.access.policy_file._CHECK_INTERVAL_S", 0.0)
    return tmp_path / "policy.toml"


def test_the_file_is_read_again_and_fails_closed(path: Path) -> None:
    file = PolicyFile(path)
    assert file.reload_if_changed() is None
    assert "No such file" in file.error
    path.write_text(GOOD, "utf-8")
    assert file.reload_if_changed() is not None
    assert file.error == ""
    for broken, reason in (("[groups.a]\nx = 1\n", "line 2"), ("", "no table [groups.NAME]")):
        path.write_text(broken, "utf-8")
        assert file.reload_if_changed() is None
        assert reason in file.error
        path.write_text(GOOD, "utf-8")
        assert file.reload_if_changed() is not None
    path.write_bytes(b"\xff\xfe")
    assert file.reload_if_changed() is None
    path.write_text(GOOD, "utf-8")
    os.utime(path, (1, 1))
    assert file.reload_if_changed() is not None
    path.unlink()
    assert file.reload_if_changed() is None
    path.write_text(GOOD, "utf-8")
    os.utime(path, (1, 1))
    assert file.reload_if_changed() is not None


def test_a_policy_of_version_0_1_denies_everything_until_its_keys_are_renamed(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path.write_text("[groups.a]\ntokens_a_day = 5\n")
    file = PolicyFile(path)
    assert file.reload_if_changed() is None
    assert "line 2: tokens_a_day was renamed to tokens_per_day." in caplog.text
    assert "All requests are denied until it is fixed." in caplog.text
    path.write_text("[groups.a]\ntokens_per_day = 5\n")
    policy = file.reload_if_changed()
    assert policy is not None
    assert policy.groups["a"].tokens_per_day == 5


def test_the_policy_itself_reads_nothing(path: Path) -> None:
    path.write_text(GOOD, "utf-8")
    file = PolicyFile(path)
    assert file.policy is None
    file.reload()
    assert file.policy is not None
