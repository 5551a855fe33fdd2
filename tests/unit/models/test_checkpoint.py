"""A checkpoint is described from its files; what is wrong with it is reported before loading."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from jupyter_safecoder.errors import ModelError
from jupyter_safecoder.models import count_parameters, resolve_model
from jupyter_safecoder.models.checkpoint import describe_checkpoint, prompt_budget


def _error(directory: Path) -> ModelError:
    with pytest.raises(ModelError) as raised:
        resolve_model(str(directory))
    assert raised.value.remedy
    return raised.value


def _edit(path: Path, **changes: Any) -> None:
    path.write_text(json.dumps({**json.loads(path.read_text("utf-8")), **changes}), "utf-8")


def _split(checkpoint: Path, parts: int = 2) -> dict[str, str]:
    """Write the weights again as several files with an index."""
    from safetensors.torch import load_file, save_file

    single = checkpoint / "model.safetensors"
    tensors = load_file(single)
    single.unlink()
    weight_map = {
        name: f"model-{n % parts + 1:05}-of-{parts:05}.safetensors"
        for n, name in enumerate(tensors)
    }
    for file in {*weight_map.values()}:
        save_file({n: t for n, t in tensors.items() if weight_map[n] == file}, checkpoint / file)
    index = {"metadata": {}, "weight_map": weight_map}
    (checkpoint / "model.safetensors.index.json").write_text(json.dumps(index))
    return weight_map


def test_description(checkpoint: Path) -> None:
    (checkpoint / "README.md").write_text(
        "---\ntags: [code]\nlicense: bigcode-openrail-m\n---\n# Card\nlicense: no\n"
    )
    model = resolve_model(str(checkpoint))
    assert (model.name, model.format, model.architecture) == ("tiny", "checkpoint", "gpt_bigcode")
    assert (model.family, model.default_layout) == ("starcoder", "spm")
    assert model.license == "bigcode-openrail-m"
    assert model.context_window == 256
    assert model.weights == checkpoint.resolve()
    names = {file.path.name for file in model.files}
    assert {"config.json", "model.safetensors", "tokenizer.json"} <= names


def test_several_files_are_one_checkpoint(checkpoint: Path) -> None:
    parameters = count_parameters(resolve_model(str(checkpoint)))
    _split(checkpoint)
    model = resolve_model(str(checkpoint))
    assert count_parameters(model) == parameters
    assert sum(file.path.suffix == ".safetensors" for file in model.files) == 2


@pytest.mark.parametrize("window", [32, 128, 256, 2048, 4096, 8192, 16384])
def test_a_prompt_and_an_answer_fit_the_window(window: int) -> None:
    budget = prompt_budget(window)
    # A cell magic may add a quarter to the prefix.
    prompt_tokens = budget.context + budget.prefix * 5 // 4 + budget.suffix
    assert min(budget.context, budget.prefix, budget.suffix) >= 1
    assert window - prompt_tokens >= min(160, window // 4)


def _pickle(directory: Path) -> None:
    (directory / "model.safetensors").rename(directory / "pytorch_model.bin")


def _no_weights(directory: Path) -> None:
    (directory / "model.safetensors").unlink()


def _truncated(directory: Path) -> None:
    path = directory / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-1000])


def _no_header(directory: Path) -> None:
    (directory / "model.safetensors").write_bytes(b"\xff" * 1000)


def _header_of_another_type(directory: Path) -> None:
    (directory / "model.safetensors").write_bytes((2).to_bytes(8, "little") + b"[]")


def _negative_header(directory: Path) -> None:
    header = b'{"x": {"shape": ["a"], "data_offsets": [0]}}'
    (directory / "model.safetensors").write_bytes(len(header).to_bytes(8, "little") + header)


def _missing_part(directory: Path) -> None:
    (directory / _split(directory)["transformer.wte.weight"]).unlink()


def _path_outside(directory: Path) -> None:
    _split(directory)
    (directory / "model.safetensors.index.json").write_text(
        json.dumps({"weight_map": {"x": "../../etc/passwd"}})
    )


def _no_index(directory: Path) -> None:
    _split(directory)
    (directory / "model.safetensors.index.json").write_text('{"weight_map": 5}')


def _other_weights(directory: Path) -> None:
    _edit(directory / "config.json", model_type="llama", max_position_embeddings=256)


def _lost_layer(directory: Path) -> None:
    _edit(directory / "config.json", n_layer=3)


def _other_vocabulary(directory: Path) -> None:
    _edit(directory / "config.json", vocab_size=50000)


def _wrong_architecture(directory: Path) -> None:
    _edit(directory / "config.json", model_type="bert")


def _no_architecture(directory: Path) -> None:
    (directory / "config.json").write_text("{}")


def _no_window(directory: Path) -> None:
    _edit(directory / "config.json", n_positions="many")


def _invalid_config(directory: Path) -> None:
    (directory / "config.json").write_bytes(b"\xff\x00")


def _no_config(directory: Path) -> None:
    (directory / "config.json").unlink()


def _no_tokenizer(directory: Path) -> None:
    (directory / "tokenizer.json").unlink()


def _invalid_tokenizer(directory: Path) -> None:
    (directory / "tokenizer.json").write_text('{"model": {"type": "BPE"}}')


def _larger_tokenizer(directory: Path) -> None:
    path = directory / "tokenizer.json"
    added = json.loads(path.read_text("utf-8"))["added_tokens"]
    _edit(path, added_tokens=[*added, {**added[-1], "id": 49152, "content": "<one_more>"}])


def _no_stop_token(directory: Path) -> None:
    text = (directory / "tokenizer.json").read_text("utf-8")
    for name in ("<|endoftext|>", "<jupyter_output>", "<jupyter_text>", "<jupyter_code>"):
        text = text.replace(name, f"<not_{name[1:]}")
    text = (
        text.replace("<file_sep>", "<x>").replace("<reponame>", "<y>").replace("<filename>", "<z>")
    )
    (directory / "tokenizer.json").write_text(text.replace("<|im_end|>", "<w>"), "utf-8")


def _rename_tensor(directory: Path, name: str, shape: list[int]) -> None:
    header = {name: {"dtype": "F16", "shape": shape, "data_offsets": [0, 2]}}
    text = json.dumps(header).encode()
    content = len(text).to_bytes(8, "little") + text + bytes(2)
    (directory / "model.safetensors").write_bytes(content)


def _scalar_embedding(directory: Path) -> None:
    _rename_tensor(directory, "transformer.wte.weight", [])


def _number_of_a_layer(directory: Path) -> None:
    _rename_tensor(directory, f"transformer.h.{'9' * 5000}.x", [1])


def _many_layers(directory: Path) -> None:
    _edit(directory / "config.json", n_layer=10**12)


def _deep_config(directory: Path) -> None:
    (directory / "config.json").write_text("[" * 100_000)


def _deep_index(directory: Path) -> None:
    _split(directory)
    (directory / "model.safetensors.index.json").write_text("[" * 100_000)


def _deep_tokenizer(directory: Path) -> None:
    (directory / "tokenizer.json").write_text("[" * 100_000)


def _adapter(directory: Path) -> None:
    (directory / "model.safetensors").unlink()
    (directory / "adapter_config.json").write_text("{}")


@pytest.mark.parametrize(
    ("damage", "reason", "remedy"),
    [
        (_pickle, "can run code", "safetensors"),
        (_no_weights, "no model.safetensors", "again"),
        (_truncated, "truncated", "again"),
        (_no_header, "damaged", "again"),
        (_header_of_another_type, "damaged", "again"),
        (_negative_header, "damaged", "again"),
        (_missing_part, "lacks 1 of 2 files", "again"),
        (_path_outside, "outside of the checkpoint", "again"),
        (_no_index, "index of weights", "again"),
        (_other_weights, "no model.embed_tokens.weight", "different models"),
        (_lost_layer, "2 layers of 3", "different models"),
        (_many_layers, "2 layers of 1000000000000", "different models"),
        (_scalar_embedding, "0 embeddings for 49152 ids", "different models"),
        (_number_of_a_layer, "no transformer.wte.weight", "different models"),
        (_deep_config, "config.json cannot be read", "again"),
        (_deep_index, "index.json cannot be read", "again"),
        (_deep_tokenizer, "tokenizer.json is not a tokenizer", "again"),
        (_other_vocabulary, "49152 embeddings for 50000 ids", "different models"),
        (_wrong_architecture, "'bert'", "gpt_bigcode"),
        (_no_architecture, "'None'", "gpt_bigcode"),
        (_no_window, "max_position_embeddings", "again"),
        (_invalid_config, "cannot be read", "again"),
        (_no_config, "no config.json", "checkpoint"),
        (_no_tokenizer, "no tokenizer.json", "save_pretrained"),
        (_invalid_tokenizer, "not a tokenizer", "again"),
        (_larger_tokenizer, "does not fit the model: it has ids up to 49152", "Replace it"),
        (_no_stop_token, "no stop token", "Replace it"),
        (_adapter, "an adapter", "made for"),
    ],
)
def test_what_cannot_be_served(
    checkpoint: Path, damage: Callable[[Path], None], reason: str, remedy: str
) -> None:
    damage(checkpoint)
    error = _error(checkpoint)
    assert reason in error.reason
    assert remedy in error.remedy


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes here")
@pytest.mark.parametrize(
    "name", ["config.json", "tokenizer.json", "tokenizer_config.json", "README.md"]
)
def test_a_pipe_is_not_waited_for(checkpoint: Path, name: str) -> None:
    (checkpoint / name).unlink(missing_ok=True)
    os.mkfifo(checkpoint / name)
    try:
        assert describe_checkpoint(checkpoint).license == "unknown"
    except ModelError as error:
        assert str(checkpoint) in error.reason  # noqa: PT017 - two of them are optional


def test_weights_may_be_on_a_server(checkpoint: Path) -> None:
    (checkpoint / "model.safetensors").unlink()
    model = resolve_model(str(checkpoint), weights=False)
    assert model.family == "starcoder"
    assert count_parameters(model) == 0


@pytest.mark.parametrize("architecture", ["granitemoehybrid", "qwen3_moe"])
def test_an_architecture_that_only_servers_compute(checkpoint: Path, architecture: str) -> None:
    changes = {"model_type": architecture, "max_position_embeddings": 256}
    _edit(checkpoint / "config.json", **changes)
    error = _error(checkpoint)
    assert f"'{architecture}', which is not computed on this machine" in error.reason
    assert "c.SafeCoder.remote_url" in error.remedy
    model = resolve_model(str(checkpoint), weights=False)
    assert (model.architecture, model.family) == (architecture, "starcoder")
