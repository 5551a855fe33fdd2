"""Databases for the tests of accounting."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.fixtures.databases import postgres
from tests.support.real_postgresql import Postgres

__all__ = ["postgres", "url"]


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Return the URL of a database without tables."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'usage.sqlite'}"
    running: Postgres = request.getfixturevalue("postgres")
    return running.new_database()
