"""A terminal activates an adapter of the model that the running server serves."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from jupyter_safecoder.models import resolve_model
from tests.support.job_runs import Capture, answer, run
from tests.support.processes import RuntimeProcess
from tests.support.tiny_adapters import make_adapter, write_tiny_model

pytestmark = pytest.mark.timeout(180)


def test_the_adapter_of_the_model_that_was_switched_to(
    start_runtime: Callable[..., RuntimeProcess], tmp_path: Path, capsys: Capture
) -> None:
    first, second = (write_tiny_model(tmp_path / name) for name in ("first", "second"))
    cache = tmp_path / "cache of the server"
    make_adapter(resolve_model(str(second)), cache, "ours")
    client = start_runtime(model=str(first), engine="transformers", cache_dir=str(cache)).client
    client.wait_until_ready()
    client.use_model(str(second))
    assert run("adapter", "use", "ours", "--json") == 0
    assert answer(capsys) == {"adapter": "ours", "previous": None, "switched": True, "warning": ""}
    # It is that model's: with another one it is not served, and back it is again.
    assert client.use_model(str(first)).adapter is None
    assert client.use_model(str(second)).adapter == "ours"
