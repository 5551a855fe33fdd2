"""A Hub for all tests of a module."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from real_hub import Hub, real_hub


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    """Start a JupyterHub."""
    with real_hub(tmp_path_factory.mktemp("hub")) as running:
        yield running
