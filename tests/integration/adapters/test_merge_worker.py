"""The process that merges: a complete model, or a message that says why there is none."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from jupyter_safecoder.adapters.registry import CONFIG, Registry
from jupyter_safecoder.child_process import child_process
from jupyter_safecoder.models import resolve_model
from jupyter_safecoder.models.checkpoint import describe_checkpoint
from jupyter_safecoder.models.safetensors import read_shapes
from tests.support.full_disk import files_of_at_most
from tests.support.tiny_adapters import make_adapter, write_tiny_model


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a model with random weights."""
    return write_tiny_model(tmp_path_factory.mktemp("base") / "tiny")


@pytest.fixture(scope="module")
def adapter(base: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the directory of an adapter for it."""
    cache = tmp_path_factory.mktemp("cache")
    make_adapter(resolve_model(str(base)), cache, "ours")
    return Registry(cache).find("ours").directory


def merge(base: Path, adapter: Path, target: Path) -> tuple[int, dict[str, Any] | None]:
    """Return the exit status of the process, and its message."""
    target.mkdir()
    job = {"model": str(base), "adapter": str(adapter), "target": str(target)}
    with child_process("jupyter_safecoder.adapters.merge_worker", job) as child:
        message = child.first_message()
        return child.process.wait(), message


def test_the_target_is_a_model_with_other_weights(
    base: Path, adapter: Path, tmp_path: Path
) -> None:
    merged = tmp_path / "merged"
    assert merge(base, adapter, merged) == (0, None)
    assert describe_checkpoint(merged, "merged").architecture == "llama"
    weights, original = merged / "model.safetensors", base / "model.safetensors"
    assert read_shapes(weights) == read_shapes(original)
    assert weights.read_bytes() != original.read_bytes()


def test_an_adapter_of_another_shape_is_an_error(base: Path, adapter: Path, tmp_path: Path) -> None:
    other = shutil.copytree(adapter, tmp_path / "other")
    config = json.loads((other / CONFIG).read_text())
    (other / CONFIG).write_text(json.dumps({**config, "r": config["r"] + 1}))
    status, message = merge(base, other, tmp_path / "merged")
    assert status == 1
    assert message
    assert "size mismatch" in message["error"]
    assert message["disk_full"] is False


def test_a_full_disk_is_reported(base: Path, adapter: Path, tmp_path: Path) -> None:
    with files_of_at_most(100_000):
        status, message = merge(base, adapter, tmp_path / "merged")
    assert status == 1
    assert message
    assert message["disk_full"] is True
