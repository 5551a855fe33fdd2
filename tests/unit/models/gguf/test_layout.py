"""The names of tensors in a GGUF are those that llama.cpp gives to a checkpoint's."""

from __future__ import annotations

import pytest

from jupyter_safecoder.models.gguf.layout import EMBEDDING, LAYOUTS, OUTPUT

gguf = pytest.importorskip("gguf")


@pytest.mark.parametrize("architecture", LAYOUTS)
def test_names_are_those_of_llama_cpp(architecture: str) -> None:
    layout = LAYOUTS[architecture]
    number = next(n for n, name in gguf.MODEL_ARCH_NAMES.items() if name == architecture)
    theirs = gguf.get_tensor_name_map(number, 2)
    pairs = list(layout.names(2, dict.fromkeys(layout.optional_biases, True)))
    assert EMBEDDING in dict(pairs)
    for ours, name in pairs:
        assert theirs.get_name(name, try_suffixes=(".weight", ".bias")) == ours


def test_a_tensor_that_differs_is_named() -> None:
    layout = LAYOUTS["qwen2"]
    names = {name for name, _ in layout.names(2, {})}
    assert layout.differing_tensor(names, 2) == layout.differing_tensor({*names, OUTPUT}, 2) == ""
    assert layout.differing_tensor(names - {"blk.1.attn_q.bias"}, 2) == "blk.1.attn_q.bias"
    assert layout.differing_tensor({*names, "blk.0.ffn_gate_inp.weight"}, 2) == (
        "blk.0.ffn_gate_inp.weight"
    )
    for layers in (0, -1, 2**40):
        assert layout.differing_tensor(names, layers)


def test_biases_that_a_llama_may_have() -> None:
    layout = LAYOUTS["llama"]
    plain = {name for name, _ in layout.names(1, layout.options(()))}
    assert layout.options(plain) == {"attention_bias": False, "mlp_bias": False}
    biases = {f"blk.0.{name}.bias" for name in layout.optional_biases["attention_bias"]}
    assert layout.options(plain | biases) == {"attention_bias": True, "mlp_bias": False}
    assert layout.differing_tensor(plain | biases, 1) == ""
    assert layout.differing_tensor(plain | {"blk.0.attn_q.bias"}, 1)
