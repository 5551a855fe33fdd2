"""Merged models are made once, completely or not at all."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy
import pytest

from jupyter_safecoder.adapters.card import Card
from jupyter_safecoder.adapters.merge import (
    delete_merged,
    load_merged,
    merge_adapter,
    merge_cached,
)
from jupyter_safecoder.adapters.registry import Adapter, Registry
from jupyter_safecoder.errors import FinetuneError
from jupyter_safecoder.models import ModelDescription, resolve_model
from jupyter_safecoder.models.safetensors import read_shapes, read_tensors, write_tensors
from jupyter_safecoder.postprocess import Calibration
from tests.support.full_disk import files_of_at_most
from tests.support.plain_lora import matrices_for, write_lora
from tests.support.tiny_gguf import write_mixed_gguf

LAYER = "transformer.h.1.mlp.c_fc"


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


@pytest.fixture
def base(checkpoint: Path) -> ModelDescription:
    return resolve_model(str(checkpoint))


def register(cache: Path, base: ModelDescription, **changes: Any) -> Adapter:
    """Return an adapter for a layer of the base model, in the registry."""
    registry = Registry(cache)
    sha256 = registry.base_hash(base)
    card = Card("ours", base.name, sha256, "", {}, {}, {}, {}, {}, True, "", "", "")
    with registry.staging("ours") as staged:
        made = write_lora(staged / "made", {**matrices_for(base, LAYER), **changes})
        for path in made.iterdir():
            path.rename(staged / path.name)
        made.rmdir()
        return registry.commit(staged, card)


@pytest.fixture
def adapter(cache: Path, base: ModelDescription) -> Adapter:
    return register(cache, base)


def tensors(directory: Path) -> dict[str, Any]:
    return {
        name: numpy.array(values)
        for path in directory.glob("*.safetensors")
        for name, values in read_tensors(path)
    }


def check_difference(found: Path, original: dict[str, Any], name: str = LAYER) -> None:
    """Check that one tensor has changed by what the adapter adds, and no other."""
    merged = tensors(found)
    assert merged.keys() == original.keys()
    changed = {key for key in merged if not numpy.array_equal(merged[key], original[key])}
    assert changed == {f"{name}.weight"}


def test_a_checkpoint_is_merged_once(base: ModelDescription, adapter: Adapter, cache: Path) -> None:
    base = replace(base, calibration=Calibration(intercept=0.5, slope=1.25))
    merged = load_merged(base, "ours", cache)
    assert (merged.name, merged.family, merged.calibration) == (
        *("tiny+ours", base.family),
        base.calibration,
    )
    assert {path.name for path in merged.weights.iterdir()} == {
        *("config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"),
    }
    check_difference(merged.weights, tensors(base.weights))
    a, b = (values.astype("float32") for values in matrices_for(base, LAYER).values())
    name = f"{LAYER}.weight"
    numpy.testing.assert_allclose(
        tensors(merged.weights)[name], tensors(base.weights)[name] + 2 * b @ a, atol=1e-5
    )
    written = (merged.weights / "model.safetensors").stat()
    assert load_merged(base, "ours", cache) == merged
    assert (merged.weights / "model.safetensors").stat() == written


def test_shards_keep_their_tensors(base: ModelDescription, adapter: Adapter, cache: Path) -> None:
    original = tensors(base.weights)
    (base.weights / "model.safetensors").unlink()
    shards = {"a.safetensors": [*original][::2], "b.safetensors": [*original][1::2]}
    for file, names in shards.items():
        shapes = {name: original[name].shape for name in names}
        write_tensors(base.weights / file, shapes, [original[name] for name in names])
    index = {"weight_map": {name: file for file, names in shards.items() for name in names}}
    (base.weights / "model.safetensors.index.json").write_text(json.dumps(index))
    original = tensors(base.weights)
    merged = merge_cached(base, adapter, cache)
    for file, names in shards.items():
        assert read_shapes(merged.weights / file).keys() == {*names}
    check_difference(merged.weights, original)


def test_a_gguf_is_merged_in_fp16(cache: Path, tmp_path: Path) -> None:
    base = resolve_model(str(write_mixed_gguf(tmp_path / "x.gguf")), cache=cache)
    layer = "model.layers.1.self_attn.k_proj"
    adapter = write_lora(tmp_path / "a", matrices_for(base, layer))
    nothing = {name: 0 * values for name, values in matrices_for(base, layer).items()}
    merge_adapter(base, write_lora(tmp_path / "b", nothing), tmp_path / "unchanged")
    merge_adapter(base, adapter, tmp_path / "merged")
    check_difference(tmp_path / "merged", tensors(tmp_path / "unchanged"), layer)
    data = (tmp_path / "merged" / "model.safetensors").read_bytes()[:100_000]
    assert b'"F16"' in data
    assert b'"F32"' not in data
    assert (tmp_path / "merged" / "tokenizer.json").read_bytes() == base.tokenizer.read_bytes()


KEY = f"base_model.model.{LAYER}.lora_A.weight"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({KEY: numpy.full((2, 16), numpy.nan)}, "not all of its numbers are finite"),
        ({KEY: numpy.ones((2, 17))}, "layers of another size than those of tiny"),
        ({"x": numpy.ones((2, 2))}, "changes x, which is no layer"),
    ],
)
def test_nothing_is_left_of_a_failure(
    changes: dict[str, Any], reason: str, base: ModelDescription, cache: Path
) -> None:
    with pytest.raises(FinetuneError, match=reason):
        merge_cached(base, register(cache, base, **changes), cache)
    assert list((cache / "merged").iterdir()) == []


def test_a_damaged_base(base: ModelDescription, adapter: Adapter, cache: Path) -> None:
    weights = base.weights / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1])
    with pytest.raises(FinetuneError, match=r"could not be merged into tiny: .* is truncated"):
        merge_cached(base, adapter, cache)
    assert list((cache / "merged").iterdir()) == []


def test_a_full_disk(base: ModelDescription, adapter: Adapter, cache: Path) -> None:
    with files_of_at_most(100_000), pytest.raises(OSError, match="large"):
        merge_cached(base, adapter, cache)
    assert list((cache / "merged").iterdir()) == []


def test_what_a_killed_process_left_is_deleted(
    base: ModelDescription, adapter: Adapter, cache: Path
) -> None:
    left = cache / "merged" / f".{adapter.sha256[:32]}.01234567.partial"
    left.mkdir(parents=True)
    merged = merge_cached(base, adapter, cache)
    assert [*(cache / "merged").iterdir()] == [merged.weights]


def test_an_adapter_of_another_base_is_not_merged(
    base: ModelDescription, adapter: Adapter, cache: Path
) -> None:
    weights = base.weights / "model.safetensors"
    data = weights.read_bytes()
    weights.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    with pytest.raises(FinetuneError, match="these are not the weights"):
        load_merged(base, "ours", cache)
    assert not (cache / "merged").exists()


def test_the_merged_model_of_one_adapter_is_deleted(adapter: Adapter, cache: Path) -> None:
    delete_merged(cache, adapter)
    own, other = cache / "merged" / adapter.sha256[:32], cache / "merged" / "other"
    own.mkdir(parents=True)
    other.mkdir()
    delete_merged(cache, adapter)
    assert list((cache / "merged").iterdir()) == [other]
