"""Safetensors files are read as huggingface/safetensors writes them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy
import pytest

from jupyter_safecoder.models.safetensors import (
    count_weights,
    find_weights,
    read_shapes,
    read_tensors,
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
