"""Safetensors files are read as huggingface/safetensors writes them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy
import pytest

from jupyter_safecoder.errors import ModelError
from jupyter_safecoder.models.safetensors import (
    count_weights,
    find_weights,
    read_shapes,
    read_tensors,
    update_tensors,
    write_tensors,
)


@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16"])
def test_tensors_of_each_type(tmp_path: Path, dtype: str) -> None:
    torch = pytest.importorskip("torch")
    from safetensors.torch import save_file

    torch.manual_seed(0)
    tensors: dict[str, Any] = {
        "b": torch.randn(3, 5).to(getattr(torch, dtype)),
        "a": torch.tensor([1.5, -2.0, 1e-3, 65504.0]).to(getattr(torch, dtype)),
        "scalar": torch.tensor(7.0).to(getattr(torch, dtype)),
    }
    path = tmp_path / "model.safetensors"
    save_file(tensors, path, metadata={"format": "pt"})
    read = dict(read_tensors(path))
    assert read.keys() == tensors.keys()
    for name, tensor in tensors.items():
        assert read[name].dtype == numpy.float32
        assert numpy.array_equal(read[name], tensor.float().numpy())


def test_a_tensor_of_another_type(tmp_path: Path) -> None:
    from safetensors.numpy import save_file

    path = tmp_path / "model.safetensors"
    save_file({"x": numpy.zeros(3, "int8")}, path)
    with pytest.raises(ValueError, match="the tensor x is of the type I8"):
        next(read_tensors(path))


def test_shapes(tmp_path: Path) -> None:
    from safetensors.numpy import save_file

    path = tmp_path / "model.safetensors"
    save_file({"a": numpy.zeros((2, 3), "float16"), "b": numpy.zeros((), "float32")}, path)
    shapes = read_shapes(path)
    assert shapes == {"a": [2, 3], "b": []}
    assert count_weights(shapes) == 7


def test_one_file_has_priority_over_an_index(tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").touch()
    (tmp_path / "model.safetensors.index.json").touch()
    assert find_weights(tmp_path) == [tmp_path / "model.safetensors"]


def test_written_tensors_are_read_by_the_library(tmp_path: Path) -> None:
    from safetensors.numpy import load_file

    tensors = {"b": numpy.arange(6.0).reshape(2, 3), "a": numpy.array([0.1, -65504.0])}
    path = tmp_path / "model.safetensors"
    write_tensors(path, {name: value.shape for name, value in tensors.items()}, tensors.values())
    loaded = load_file(path)
    assert loaded.keys() == tensors.keys()
    for name, value in tensors.items():
        assert numpy.array_equal(loaded[name], value.astype("float16"))
    assert read_shapes(path) == {"b": [2, 3], "a": [2]}


@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16"])
def test_changed_tensors_are_rounded_as_torch_rounds(tmp_path: Path, dtype: str) -> None:
    torch = pytest.importorskip("torch")
    from safetensors.torch import load_file, save_file

    torch.manual_seed(0)
    kind = getattr(torch, dtype)
    before = {"b": torch.randn(64, 48).to(kind), "a": torch.randn(3, 5).to(kind)}
    path = tmp_path / "model.safetensors"
    save_file(before, path)
    added = torch.randn(64, 48) * torch.logspace(-8, 4, 48)
    # Halfway between two values of bf16, above an even and an odd one.
    added[0, :2] = torch.tensor([1 + 2**-8, 1 + 3 * 2**-8]) - before["b"][0, :2].float()
    update_tensors(path, {"b": lambda values: values + added.numpy(), "elsewhere": lambda x: x})
    after = load_file(path)
    assert after["b"].dtype == kind
    assert torch.equal(after["b"], (before["b"].float() + added).to(kind))
    assert torch.equal(after["a"], before["a"])


@pytest.mark.parametrize(
    ("dtype", "value"),
    [("float16", 70_000.0), ("float16", numpy.nan), ("float32", numpy.inf)],
)
def test_a_value_that_does_not_fit(tmp_path: Path, dtype: str, value: float) -> None:
    from safetensors.numpy import save_file

    path = tmp_path / "model.safetensors"
    save_file({"x": numpy.zeros(3, dtype)}, path)
    with pytest.raises(ValueError, match="the tensor x has values that do not fit the type"):
        update_tensors(path, {"x": lambda values: values + numpy.float32(value)})


def test_a_tensor_that_cannot_be_changed(tmp_path: Path) -> None:
    from safetensors.numpy import save_file

    path = tmp_path / "model.safetensors"
    save_file({"x": numpy.zeros(3, "int8"), "y": numpy.zeros(3, "float32")}, path)
    update_tensors(path, {"y": lambda values: values + 1})
    with pytest.raises(ValueError, match="the tensor x is of the type I8"):
        update_tensors(path, {"x": lambda values: values})


def _tensor(shape: object, *offsets: object, dtype: object = "F16") -> dict[str, Any]:
    return {"dtype": dtype, "shape": shape, "data_offsets": [*offsets]}


@pytest.mark.parametrize(
    "header",
    [
        [],
        {"a": 1},
        {"a": _tensor([2], 0, 4), "b": _tensor([2], 0, 4)},
        {"a": _tensor([2], 0, 4), "b": _tensor([2], 2, 6)},
        {"a": _tensor([2], 4, 8)},
        {"a": _tensor([2], 0, 4), "b": _tensor([1], 8, 10)},
        {"a": _tensor([3], 0, 4)},
        {"a": _tensor([2**40, 2**40], 0, 4)},
        {"a": _tensor([-1, -2], 0, 4)},
        {"a": _tensor(["2"], 0, 4)},
        {"a": _tensor([2.0], 0, 4)},
        {"a": _tensor([True, 2], 0, 4)},
        {"a": _tensor(2, 0, 4)},
        {"a": _tensor([2], 4, 0)},
        {"a": _tensor([2], -4, 0)},
        {"a": _tensor([2], "0", 4)},
        {"a": _tensor([2], 0, 4, 8)},
        {"a": _tensor([2], 0, 4, dtype=["F16"])},
        {"a": _tensor([2], 0, None)},
    ],
)
def test_a_header_that_is_damaged(tmp_path: Path, header: Any) -> None:
    _refused(tmp_path / "a.safetensors", json.dumps(header).encode())


@pytest.mark.parametrize("header", [b"[" * 100_000, b"\xff", b"", b'{"a": ' + b"9" * 5000 + b"}"])
def test_a_header_that_is_no_json(tmp_path: Path, header: bytes) -> None:
    _refused(tmp_path / "a.safetensors", header)


def _refused(path: Path, header: bytes) -> None:
    path.write_bytes(len(header).to_bytes(8, "little") + header + bytes(4))
    with pytest.raises(ModelError, match=rf"{path.name} (is damaged|has \d+ bytes instead)"):
        read_shapes(path)
