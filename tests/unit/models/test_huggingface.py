"""Which names are ids of the Hugging Face Hub, and which files are needed of a repository."""

from __future__ import annotations

import pytest

from jupyter_safecoder.models.huggingface import is_needed, is_repo_id


@pytest.mark.parametrize("name", ["bigcode/starcoder2-3b", "a/b", "A.b_c/d.e-f"])
def test_ids(name: str) -> None:
    assert is_repo_id(name)


@pytest.mark.parametrize(
    "name", ["starcoder", "a/b/c", "../b", "a/..", "/a", "a/", "a b/c", "-a/b", f"a/{'b' * 97}", ""]
)
def test_names_that_are_not_ids(name: str) -> None:
    assert not is_repo_id(name)


@pytest.mark.parametrize(
    ("file", "with_weights", "without"),
    [
        ("config.json", True, True),
        ("tokenizer.json", True, True),
        ("README.md", True, True),
        ("LICENSE.txt", True, True),
        ("model.safetensors", True, False),
        ("model-00001-of-00002.safetensors", True, False),
        ("model.safetensors.index.json", True, False),
        ("pytorch_model.bin", False, False),
        ("adapter_model.safetensors", False, False),
        ("onnx/config.json", False, False),
        ("modeling.py", False, False),
    ],
)
def test_files_that_are_needed(file: str, with_weights: bool, without: bool) -> None:
    assert (is_needed(file, True), is_needed(file, False)) == (with_weights, without)
