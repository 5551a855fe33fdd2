"""The routing value of a prompt, and what an engine needs; servers: ``tests/integration``."""

from __future__ import annotations

import pytest

from jupyter_safecoder.engines import EngineOptions
from jupyter_safecoder.engines.remote.engine import RemoteEngine, prefix_hash
from jupyter_safecoder.errors import EngineError
from jupyter_safecoder.models import EMBEDDED, resolve_model

KEY = b"k" * 32


def test_the_routing_value_stays_while_a_user_types() -> None:
    document = [1000 + n % 700 for n in range(900)]
    values = {prefix_hash([*document, *range(n)], KEY) for n in range(500)}
    assert len(values) == 1
    assert prefix_hash([5, *document], KEY) not in values
    assert prefix_hash(document, b"l" * 32) not in values


def test_typing_in_a_short_prompt_seldom_changes_the_routing_value() -> None:
    document = [1000 + n % 700 for n in range(200)]
    values = {prefix_hash(document[:n], KEY) for n in range(1, 200)}
    assert len(values) < 10
    assert all(len(bytes.fromhex(value)) == 8 for value in values)


def test_without_a_server() -> None:
    with pytest.raises(EngineError, match="No server is set"):
        RemoteEngine(resolve_model(EMBEDDED), EngineOptions())
