"""API keys of a completion server; certificates: ``tests/integration``."""

from __future__ import annotations

from pathlib import Path

from jupyter_safecoder.engines.remote.credentials import KeyFile


def test_a_key_is_stripped_and_sent_as_a_bearer_token(tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.write_text(" secret-key \n")
    path.chmod(0o600)
    assert KeyFile(str(path)).header() == {"Authorization": "Bearer secret-key"}
