"""``jupyter safecoder hub`` and ``policy``: what is said when something is missing."""

from __future__ import annotations

from pathlib import Path

import pytest

from jupyter_safecoder.cli.main import build_parser, main
from jupyter_safecoder.hub.constants import DATABASE_VARIABLE

HUB = ("JUPYTERHUB_API_TOKEN", "JUPYTERHUB_API_URL", "JUPYTERHUB_SERVICE_NAME")


def test_without_a_hub_s_environment_the_service_does_not_start(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in HUB:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("JUPYTERHUB_API_URL", "http://hub:8081/hub/api")
    assert main(["hub", "--policy", "policy.toml"]) == 1
    error = capsys.readouterr().err
    assert "JUPYTERHUB_API_TOKEN and JUPYTERHUB_SERVICE_NAME must be set" in error
    assert "docs/how-to/jupyterhub.md" in error


def test_a_database_that_cannot_be_used_is_an_error_with_a_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in HUB:
        monkeypatch.setenv(name, "x")
    monkeypatch.setattr("jupyter_safecoder.confinement.guard_connections", lambda addresses: None)
    monkeypatch.setattr("jupyter_safecoder.confinement.keep_memory_private", lambda: None)
    command = ["hub", "--allow-root", "--policy", str(tmp_path / "policy.toml")]
    command += ["--state", str(tmp_path)]
    assert main([*command, "--database", "mysql://u:secret@h/d"]) == 1
    error = capsys.readouterr().err
    assert "not one of SQLite or PostgreSQL" in error
    assert "postgresql+pg8000://" in error
    assert "secret" not in error


def test_the_database_is_that_of_the_environment_or_the_option(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(DATABASE_VARIABLE, "sqlite:///environment")
    command = ["hub", "--policy", "policy.toml"]
    assert build_parser().parse_args(command).database == "sqlite:///environment"
    assert build_parser().parse_args([*command, "--database", "x"]).database == "x"


def test_help_says_what_each_option_is(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["hub", "--help"])
    text = " ".join(capsys.readouterr().out.split())
    for phrase in ("access policy (TOML)", "TLS certificate", "private key of the TLS certificate"):
        assert phrase in text


@pytest.mark.parametrize("seconds", ["0", "-1", "1.5", "x", ""])
def test_an_answer_about_a_token_is_not_used_for_ever(
    seconds: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """JupyterHub's client takes 0 and less for ever: a revoked token would go on working."""
    command = ["hub", "--policy", "policy.toml", "--token-cache-seconds"]
    with pytest.raises(SystemExit):
        build_parser().parse_args([*command, seconds])
    assert "at least 1" in capsys.readouterr().err
    assert build_parser().parse_args([*command, "1"]).token_cache_seconds == 1
