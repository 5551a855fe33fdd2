"""The tensors of the GGUF architectures that are read as checkpoints, under both names.

Sources: for names in GGUF files ``gguf.constants``; for names in checkpoints the models of
transformers; for biases llama.cpp's ``convert_hf_to_gguf.py``.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field

#: The matrix of embeddings and that of the output, which may be the same one.
EMBEDDING, OUTPUT = "token_embd.weight", "output.weight"


@dataclass(frozen=True)
class GgufLayout:
    """Names of an architecture's tensors, without ``.weight`` and ``.bias``.

    Parameters
    ----------
    model_type
        Hugging Face's name of the architecture.
    model
        Names outside of the layers, GGUF to checkpoint.
    layers
        Start of the names of layers in a checkpoint.
    layer
        Names in a layer.
    biases
        Names of the tensors that have a bias.
    optional_biases
        Keys of ``config.json`` to names that have a bias if the key is true.
    """

    model_type: str
    model: Mapping[str, str]
    layers: str
    layer: Mapping[str, str]
    biases: Collection[str] = ()
    optional_biases: Mapping[str, Collection[str]] = field(default_factory=dict)

    def differing_tensor(self, present: Collection[str], layers: int) -> str:
        """Return the name of a tensor that a file lacks or has in addition; empty: none.

        Parameters
        ----------
        present
            Names of the tensors in the file.
        layers
            Number of layers, as the file gives it.
        """
        if not 0 < layers <= len(present):
            return "blk.0"
        expected = {name for name, _ in self.names(layers, self.options(present))}
        return min(expected ^ ({*present} - {OUTPUT}), default="")

    def options(self, present: Collection[str]) -> dict[str, bool]:
        """Return the keys of ``config.json`` that follow from the biases in a file.

        Parameters
        ----------
        present
            Names of the tensors in the file.
        """
        return {
            key: any(f"blk.0.{name}.bias" in present for name in names)
            for key, names in self.optional_biases.items()
        }

    def names(self, layers: int, options: Mapping[str, bool]) -> Iterator[tuple[str, str]]:
        """Yield the names of all tensors but the output's, in a GGUF and in a checkpoint.

        Parameters
        ----------
        layers
            Number of layers.
        options
            From :meth:`options`.
        """
        with_bias = {*self.biases}
        for key, names in self.optional_biases.items():
            with_bias |= {*names} if options[key] else set()
        pairs = [*self.model.items()]
        for number in range(layers):
            pairs += [
                (f"blk.{number}.{name}", f"{self.layers}{number}.{theirs}")
                for name, theirs in self.layer.items()
            ]
        for name, theirs in pairs:
            yield f"{name}.weight", f"{theirs}.weight"
            if name.rpartition(".")[2] in with_bias:
                yield f"{name}.bias", f"{theirs}.bias"


_MODEL = {"token_embd": "model.embed_tokens", "output_norm": "model.norm"}
_QKV = {
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
}
_ATTENTION = {
    "attn_norm": "input_layernorm",
    **_QKV,
    "attn_output": "self_attn.o_proj",
    "ffn_norm": "post_attention_layernorm",
}
_GATED = {
    **_ATTENTION,
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
}
_STARCODER2 = {**_ATTENTION, "ffn_up": "mlp.c_fc", "ffn_down": "mlp.c_proj"}
_BIGCODE = {
    "attn_norm": "ln_1",
    "attn_qkv": "attn.c_attn",
    "attn_output": "attn.c_proj",
    "ffn_norm": "ln_2",
    "ffn_up": "mlp.c_fc",
    "ffn_down": "mlp.c_proj",
}
_QK_NORMS = {"attn_q_norm": "self_attn.q_norm", "attn_k_norm": "self_attn.k_norm"}

#: Values of ``general.architecture`` to their tensors.
LAYOUTS: Mapping[str, GgufLayout] = {
    "llama": GgufLayout(
        "llama",
        _MODEL,
        "model.layers.",
        _GATED,
        optional_biases={
            "attention_bias": (*_QKV, "attn_output"),
            "mlp_bias": ("ffn_gate", "ffn_up", "ffn_down"),
        },
    ),
    "qwen2": GgufLayout("qwen2", _MODEL, "model.layers.", _GATED, _QKV),
    "qwen3": GgufLayout("qwen3", _MODEL, "model.layers.", {**_GATED, **_QK_NORMS}),
    "starcoder2": GgufLayout(
        "starcoder2", _MODEL, "model.layers.", _STARCODER2, (*_STARCODER2, "output_norm")
    ),
    "starcoder": GgufLayout(
        "gpt_bigcode",
        {
            "token_embd": "transformer.wte",
            "position_embd": "transformer.wpe",
            "output_norm": "transformer.ln_f",
        },
        "transformer.h.",
        _BIGCODE,
        (*_BIGCODE, "output_norm"),
    ),
}
