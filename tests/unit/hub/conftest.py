"""What tests of the Hub's service share."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine


@pytest.fixture(autouse=True)
def close_databases(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """End the connections that a test left in an engine's pool."""
    made: list[Engine] = []

    def make(*arguments: Any, **options: Any) -> Engine:
        made.append(create_engine(*arguments, **options))
        return made[-1]

    monkeypatch.setattr("jupyter_safecoder.hub.accounting.database.create_engine", make)
    yield
    for engine in made:
        engine.dispose()
