"""A LoRA gives the changes that its formula has, and is refused where it does more."""

from __future__ import annotations

import json
import math
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy
import pytest

from jupyter_safecoder.adapters.lora import check_lora, read_changes
from jupyter_safecoder.adapters.peft_files import CONFIG, WEIGHTS, read_config
from jupyter_safecoder.errors import FinetuneError, ModelError
from jupyter_safecoder.models import ModelDescription, resolve_model
from jupyter_safecoder.models.safetensors import write_tensors
from tests.support.plain_lora import matrices_for, write_lora
from tests.support.tiny_gguf import write_mixed_gguf

C_ATTN, C_FC = "transformer.h.0.attn.c_attn", "transformer.h.1.mlp.c_fc"
TOKENS = "base_model.model.transformer.wte.token_adapter.trainable_tokens_delta"


@pytest.fixture(scope="module")
def base(intact_checkpoint: Path) -> ModelDescription:
    return resolve_model(str(intact_checkpoint))


def difference(weights: dict[str, Any], layer: str, scale: float) -> Any:
    a, b = (
        weights[f"base_model.model.{layer}.lora_{half}.weight"].astype("float32") for half in "AB"
    )
    return scale * (b @ a)


@pytest.mark.parametrize(
    ("config", "scales"),
    [
        ({}, (2.0, 2.0)),
        ({"use_rslora": True}, (4 / math.sqrt(2), 4 / math.sqrt(2))),
        ({"alpha_pattern": {"c_fc": 6}}, (2.0, 3.0)),
        ({"alpha_pattern": {"attn.c_attn": 1, C_FC: 0.5}, "lora_alpha": None}, (0.5, 0.25)),
        ({"rank_pattern": {C_ATTN: 2, "c_fc": 2}, "r": 3}, (2.0, 2.0)),
        ({"alpha_pattern": {"fc": 1}}, (2.0, 2.0)),
    ],
)
def test_the_scale_of_each_layer(
    config: dict[str, Any], scales: tuple[float, float], base: ModelDescription, tmp_path: Path
) -> None:
    weights = {**matrices_for(base, C_ATTN), **matrices_for(base, C_FC)}
    changes = read_changes(write_lora(tmp_path / "a", weights, **config), base)
    assert changes.keys() == {f"{C_ATTN}.weight", f"{C_FC}.weight"}
    for layer, scale in zip((C_ATTN, C_FC), scales, strict=True):
        wanted = difference(weights, layer, scale)
        changed = changes[f"{layer}.weight"](numpy.ones_like(wanted))
        assert changed.dtype == numpy.float32
        numpy.testing.assert_allclose(changed, wanted + 1, rtol=1e-5, atol=1e-5)


def test_the_rank_must_be_that_of_the_configuration(base: ModelDescription, tmp_path: Path) -> None:
    adapter = write_lora(tmp_path / "a", matrices_for(base, C_ATTN, rank=3))
    with pytest.raises(FinetuneError, match=f"has no valid r for {C_ATTN}"):
        read_changes(adapter, base)


def test_trained_tokens_get_new_rows(base: ModelDescription, tmp_path: Path) -> None:
    rows = numpy.ones((2, 16), "float16")
    adapter = write_lora(tmp_path / "a", {TOKENS: rows}, trainable_token_indices=[7, 3])
    embeddings = numpy.zeros((49152, 16), "float32")
    changed = read_changes(adapter, base)["transformer.wte.weight"](embeddings)
    assert [*numpy.flatnonzero(changed.any(axis=1))] == [3, 7]
    assert (changed[[3, 7]] == 1).all()


@pytest.mark.parametrize("indices", [None, [7], [7, 7], [7, 49152], [7, -1], [7, "8"], [7, True]])
def test_trained_tokens_without_valid_ids(
    indices: Any, base: ModelDescription, tmp_path: Path
) -> None:
    rows = numpy.ones((2, 16), "float16")
    adapter = write_lora(tmp_path / "a", {TOKENS: rows}, trainable_token_indices=indices)
    with pytest.raises(FinetuneError, match="has no valid trainable_token_indices"):
        read_changes(adapter, base)


@pytest.mark.parametrize(
    "config",
    [
        {"peft_type": "IA3"},
        {"use_dora": True},
        {"use_something_new": {"x": 1}},
        {"corda_config": {"x": 1}},
        {"fan_in_fan_out": True},
        {"modules_to_save": ["lm_head"]},
        {"lora_bias": True},
        {"layer_replication": [[0, 1]]},
        {"target_parameters": ["x"]},
        {"bias": "all"},
        {"init_lora_weights": "pissa"},
        {"init_lora_weights": 1},
        {"use_rslora": "yes"},
        {"auto_mapping": {"base_model_class": "x"}},
        {"megatron_config": {"x": 1}},
        {"loftq_config": {"x": 1}},
        {"eva_config": {"x": 1}},
        {"alora_invocation_tokens": [1]},
        {"a_field_of_a_later_version": 1},
        {"alpha_pattern": {"c_attn": "8"}},
        {"alpha_pattern": {"c_attn": math.nan}},
        {"alpha_pattern": {".*attn": 8}},
        {"rank_pattern": ["c_attn"]},
    ],
    ids=lambda config: next(iter(config)),
)
def test_other_changes_are_refused(
    config: dict[str, Any], base: ModelDescription, tmp_path: Path
) -> None:
    adapter = write_lora(tmp_path / "a", matrices_for(base, C_ATTN), **config)
    with pytest.raises(FinetuneError, match=f"is not a plain LoRA: see {next(iter(config))}"):
        read_changes(adapter, base)


def test_trained_tokens_of_a_named_layer_are_refused(
    base: ModelDescription, tmp_path: Path
) -> None:
    rows, indices = numpy.ones((2, 16), "float16"), {"wte": [7, 3]}
    adapter = write_lora(tmp_path / "a", {TOKENS: rows}, trainable_token_indices=indices)
    with pytest.raises(FinetuneError, match="is not a plain LoRA: see trainable_token_indices"):
        read_changes(adapter, base)


@pytest.mark.parametrize("value", [None, 0, -1, "2", True, 1e400, 10**30])
@pytest.mark.parametrize("name", ["r", "lora_alpha"])
def test_numbers_that_make_no_sense(
    name: str, value: Any, base: ModelDescription, tmp_path: Path
) -> None:
    adapter = write_lora(tmp_path / "a", matrices_for(base, C_ATTN), **{name: value})
    with pytest.raises(FinetuneError, match=f"has no valid {name} for {C_ATTN}"):
        read_changes(adapter, base)


@pytest.mark.parametrize(
    "key",
    [
        "base_model.model.transformer.h.9.attn.c_attn.lora_A.weight",
        "base_model.model.h.0.attn.c_attn.lora_A.weight",
        "base_model.model.transformer.h.0.attn.c_attn.lora_B.bias",
        "base_model.model.transformer.h.0.attn.c_attn.lora_magnitude_vector",
        "base_model.model.transformer.wte.lora_embedding_A",
        "base_model.model.lm_head.lora_A.weight",
        "transformer.h.0.attn.c_attn.lora_A.weight",
    ],
)
def test_a_tensor_without_a_layer_in_the_base(
    key: str, base: ModelDescription, tmp_path: Path
) -> None:
    weights = {**matrices_for(base, C_ATTN), key: numpy.ones((2, 16), "float16")}
    with pytest.raises(
        FinetuneError, match=f"changes {key}, which (tiny does not have|is no layer)"
    ):
        read_changes(write_lora(tmp_path / "a", weights), base)


def test_an_output_counts_only_where_it_is_not_tied(
    base: ModelDescription, checkpoint: Path, tmp_path: Path
) -> None:
    shapes = {"lm_head.weight": (49152, 16), "transformer.wte.weight": (49152, 16)}
    output = numpy.zeros((49152, 16), "float16")
    write_tensors(checkpoint / "model.safetensors", shapes, [output, output])
    config = json.loads((checkpoint / "config.json").read_text())
    weights = {
        "base_model.model.lm_head.lora_A.weight": numpy.ones((2, 16), "float16"),
        "base_model.model.lm_head.lora_B.weight": numpy.ones((49152, 2), "float16"),
    }
    adapter = write_lora(tmp_path / "a", weights)
    base = replace(base, weights=checkpoint)
    for tied in (True, None):
        (checkpoint / "config.json").write_text(json.dumps({**config, "tie_word_embeddings": tied}))
        with pytest.raises(FinetuneError, match=r"lm_head\.lora_A\.weight, which"):
            read_changes(adapter, base)
    (checkpoint / "config.json").write_text(json.dumps({**config, "tie_word_embeddings": False}))
    assert read_changes(adapter, base).keys() == {"lm_head.weight"}


@pytest.mark.parametrize(("half", "axis"), [("A", 1), ("B", 0)])
def test_matrices_of_other_sizes(
    half: str, axis: int, base: ModelDescription, tmp_path: Path
) -> None:
    weights = matrices_for(base, C_ATTN)
    key = f"base_model.model.{C_ATTN}.lora_{half}.weight"
    weights[key] = numpy.concatenate([weights[key], weights[key]], axis)
    with pytest.raises(FinetuneError, match="layers of another size than those of tiny: "):
        read_changes(write_lora(tmp_path / "a", weights), base)


def test_matrices_that_do_not_belong_together(base: ModelDescription, tmp_path: Path) -> None:
    a, b = matrices_for(base, C_ATTN).items()
    with pytest.raises(FinetuneError, match=f"has not all matrices for {C_ATTN}"):
        read_changes(write_lora(tmp_path / "a", dict([a])), base)
    other = (b[0], matrices_for(base, C_ATTN, rank=3)[b[0]])
    with pytest.raises(FinetuneError, match=f"matrices for {C_ATTN} do not fit each other"):
        read_changes(write_lora(tmp_path / "b", dict([a, other])), base)


def test_damaged_files(base: ModelDescription, tmp_path: Path) -> None:
    key = f"base_model.model.{C_ATTN}.lora_A.weight"
    adapter = write_lora(tmp_path / "a", {key: numpy.ones(3, "float16")})
    with pytest.raises(FinetuneError, match="is damaged: not all of it are matrices"):
        read_changes(adapter, base)
    (adapter / WEIGHTS).write_bytes(b"123")
    with pytest.raises(ModelError, match="is damaged"):
        read_changes(adapter, base)
    for text in ("[]", "{", "[" * 100_000):
        (adapter / CONFIG).write_text(text)
        with pytest.raises(FinetuneError, match="is no adapter: it lacks"):
            read_config(adapter)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("half", ["A", "B"])
def test_numbers_that_are_not_finite(
    half: str, value: float, base: ModelDescription, tmp_path: Path
) -> None:
    weights = matrices_for(base, C_ATTN)
    weights[f"base_model.model.{C_ATTN}.lora_{half}.weight"][0, 1] = value
    adapter = write_lora(tmp_path / "a", weights)
    for read in (lambda: read_changes(adapter, base), lambda: check_lora(adapter)):
        with pytest.raises(FinetuneError, match=f"{WEIGHTS} is damaged: not all of its numbers"):
            read()


def test_a_rank_above_that_of_any_matrix(base: ModelDescription, tmp_path: Path) -> None:
    """Of a small base model an adapter could otherwise take any amount of memory."""
    adapter = write_lora(tmp_path / "a", matrices_for(base, C_ATTN, rank=100), r=100)
    with pytest.raises(FinetuneError, match=f"{WEIGHTS}: the rank for {C_ATTN} is too high"):
        read_changes(adapter, base)


def test_nothing_is_read_of_an_adapter_for_another_model(
    base: ModelDescription, tmp_path: Path
) -> None:
    """Its numbers could take more memory than there is; here they are on a sparse disk."""
    key = f"base_model.model.{C_ATTN}.lora_"
    shapes = {f"{key}A.weight": (2, 2**30), f"{key}B.weight": (48, 2)}
    sizes = [2 * math.prod(shape) for shape in shapes.values()]
    adapter = write_lora(tmp_path / "a", matrices_for(base, C_ATTN))
    offsets = [[0, sizes[0]], [sizes[0], sum(sizes)]]
    header = json.dumps(
        {
            name: {"dtype": "F16", "shape": shape, "data_offsets": offset}
            for (name, shape), offset in zip(shapes.items(), offsets, strict=True)
        }
    ).encode()
    with (adapter / WEIGHTS).open("wb") as stream:
        stream.write(len(header).to_bytes(8, "little") + header)
        stream.truncate(8 + len(header) + sum(sizes))
    started = time.process_time()
    with pytest.raises(FinetuneError, match=f"{WEIGHTS} is for layers of another size"):
        read_changes(adapter, base)
    assert time.process_time() - started < 1


def test_a_gguf_has_the_names_of_a_checkpoint(tmp_path: Path) -> None:
    model = resolve_model(str(write_mixed_gguf(tmp_path / "x.gguf")), cache=tmp_path / "cache")
    layer = "model.layers.1.self_attn.k_proj"
    adapter = write_lora(tmp_path / "a", matrices_for(model, layer))
    assert read_changes(adapter, model).keys() == {f"{layer}.weight"}
