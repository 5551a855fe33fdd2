"""Models in Ollama's store are found by name; nothing in it is trusted."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from jupyter_safecoder.errors import ModelError
from jupyter_safecoder.models import resolve_model, verify_files
from jupyter_safecoder.models.stores.ollama import all_models, find_model
from tests.support.tiny_gguf import write_mixed_gguf

_LAYER = "application/vnd.ollama.image.model"


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    directory = tmp_path / "store"
    monkeypatch.setenv("OLLAMA_MODELS", str(directory))
    return directory


def _add(store: Path, name: str, content: bytes, **changes: Any) -> Path:
    """Add a model as ``ollama pull`` does, and return its blob."""
    digest = hashlib.sha256(content).hexdigest()
    blob = store / "blobs" / f"sha256-{digest}"
    blob.parent.mkdir(parents=True, exist_ok=True)
    blob.write_bytes(content)
    layer = {"mediaType": _LAYER, "digest": f"sha256:{digest}", "size": len(content), **changes}
    template = {"mediaType": "application/vnd.ollama.image.template", "digest": "sha256:0"}
    _write_manifest(store, name, json.dumps({"schemaVersion": 2, "layers": [template, layer]}))
    return blob


def _write_manifest(store: Path, name: str, text: str) -> None:
    manifest = store / "manifests" / name
    manifest.parent.mkdir(parents=True, exist_ok=True)
    manifest.write_text(text)


@pytest.mark.parametrize(
    ("manifest", "name", "listed"),
    [
        ("registry.ollama.ai/library/coder/latest", "ollama:coder", "ollama:coder:latest"),
        ("registry.ollama.ai/library/coder/1.5b", "ollama:coder:1.5b", "ollama:coder:1.5b"),
        ("registry.ollama.ai/ada/coder/q4", "ollama:ada/coder:q4", "ollama:ada/coder:q4"),
        (
            "hf.co/ada/coder/Q4_K_M",
            "ollama:hf.co/ada/coder:Q4_K_M",
            "ollama:hf.co/ada/coder:Q4_K_M",
        ),
    ],
)
def test_names(store: Path, manifest: str, name: str, listed: str) -> None:
    blob = _add(store, manifest, b"GGUF")
    assert find_model(name) == find_model(listed) == (blob, blob.name.removeprefix("sha256-"))
    assert [found for found, _ in all_models()] == [listed]


def test_a_model_is_described_and_verified_in_place(store: Path, tmp_path: Path) -> None:
    content = write_mixed_gguf(tmp_path / "x.gguf").read_bytes()
    blob = _add(store, "registry.ollama.ai/library/coder/latest", content)
    model = resolve_model("ollama:coder", cache=tmp_path / "cache")
    assert (model.name, model.format, model.weights) == ("ollama:coder", "gguf", blob)
    verify_files(model)
    blob.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    with pytest.raises(ModelError, match="SHA-256 differs"):
        verify_files(resolve_model("ollama:coder", cache=tmp_path / "cache"))


@pytest.mark.parametrize(
    "name",
    ["..", "../coder", "a/b/c/d", "/etc/passwd", "coder:../x", "", ":x", "a\\b", "a b", "x\n"],
)
def test_what_is_no_name(store: Path, name: str) -> None:
    with pytest.raises(ModelError, match="not a name of a model of Ollama"):
        find_model(f"ollama:{name}")


def test_a_model_that_is_not_there(store: Path) -> None:
    _add(store, "registry.ollama.ai/library/coder/latest", b"GGUF")
    with pytest.raises(ModelError, match=r"no model 'other:7b'.*it has: ollama:coder:latest") as e:
        find_model("ollama:other:7b")
    assert "ollama pull other:7b" in e.value.remedy


_MANIFEST = "registry.ollama.ai/library/coder/latest"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"digest": "sha256:../../../etc/passwd"}, "no GGUF file"),
        ({"digest": "sha256:" + "0" * 63 + "/"}, "no GGUF file"),
        ({"digest": None}, "no GGUF file"),
        ({"digest": "sha256:" + "0" * 64}, "is not complete"),
        ({"size": 5}, "is not complete"),
        ({"mediaType": "application/vnd.ollama.image.tensor"}, "no GGUF file"),
        ({"mediaType": "application/vnd.ollama.image.adapter"}, "has an adapter"),
    ],
)
def test_manifests_that_name_no_model(store: Path, changes: dict[str, Any], reason: str) -> None:
    _add(store, _MANIFEST, b"GGUF", **changes)
    with pytest.raises(ModelError, match=reason):
        find_model("ollama:coder")


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", '{"layers": 5}', "[" * 100_000, '{"layers": [' + " " * 2**20 + "]}"],
    ids=["empty", "list", "object", "number", "deep", "huge"],
)
def test_manifests_that_cannot_be_read(store: Path, text: str) -> None:
    _write_manifest(store, _MANIFEST, text)
    with pytest.raises(ModelError, match="cannot be read as a manifest"):
        find_model("ollama:coder")
