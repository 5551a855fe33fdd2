"""The models that `make test-models` has fetched."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.paths import ROOT


@pytest.fixture(scope="session")
def models_cache() -> Path:
    """Return the cache directory with the models, which stays from run to run."""
    directory = ROOT / ".models"
    if not directory.is_dir():
        pytest.fail("There are no models: run 'make test-models'.")
    return directory
