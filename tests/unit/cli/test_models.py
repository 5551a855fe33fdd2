"""``jupyter safecoder model …`` with the embedded model and a store of converted models."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from jupyter_safecoder.cli.main import main
from jupyter_safecoder.conversion import Conversion, Store
from jupyter_safecoder.models import EMBEDDED, resolve_model
from tests.support.tiny_gguf import write_mixed_gguf


def _run(capsys: pytest.CaptureFixture[str], *arguments: object) -> dict[str, Any]:
    assert main(["model", *map(str, arguments), "--json"]) == 0
    report: dict[str, Any] = json.loads(capsys.readouterr().out)
    return report


def _error(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    assert main(["model", *map(str, arguments)]) == 1
    return capsys.readouterr().err


def _convert(cache: Path, precision: str, source: str = "/models/coder") -> None:
    store = Store(cache)
    conversion = Conversion("coder", source, "openvino", precision, f"key-{precision}", {})
    with store.lock(conversion.key), store.staging(conversion) as directory:
        (directory / "model.bin").write_bytes(b"w" * 100_000)
        store.commit(directory, conversion, 1.0)


def test_list(cache: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _convert(cache, "int8")
    rows = _run(capsys, "list", "--cache-dir", cache)["models"]
    columns = {"model", "kind", "engine", "precision", "size_mb", "directory"}
    assert all({*row} == columns for row in rows)
    kinds = {row["model"]: row["kind"] for row in rows}
    assert (kinds[EMBEDDED], kinds["coder"]) == ("embedded", "prepared")
    (converted,) = (row for row in rows if row["model"] == "coder")
    assert (converted["engine"], converted["precision"]) == ("openvino", "int8")
    assert converted["size_mb"] == 0.1


def test_show_a_model_that_needs_no_conversion(
    cache: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report = _run(capsys, "show", "--cache-dir", cache)
    assert set(report) == {
        *("name", "family", "layouts", "default_layout", "note", "context_window", "languages"),
        *("license", "format", "architecture", "parameters", "quantization", "weights_mb"),
        "weights",
        *("engine", "device", "precision", "why", "preparation"),
    }
    assert (report["name"], report["format"], report["engine"]) == (EMBEDDED, "gguf", "openvino")
    assert report["preparation"] is None


def test_prepare_a_model_that_needs_no_conversion(
    cache: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report = _run(capsys, "prepare", EMBEDDED, "--cache-dir", cache)
    assert report == {
        **{"model": EMBEDDED, "engine": "openvino", "precision": None},
        **{"directory": None, "reused": None},
    }


def test_verify_a_model_and_its_conversions(
    cache: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _convert(cache, "int8", source=str(resolve_model(EMBEDDED).weights))
    report = _run(capsys, "verify", "--cache-dir", cache)
    checks = report.pop("checks")
    assert report == {"model": EMBEDDED, "ok": True, "files": 3, "prepared": ["openvino int8"]}
    assert (checks[6]["check"], checks[6]["ok"]) == ("prepared", True)
    (converted,) = Store(cache).all()
    (converted.directory / "model.bin").write_bytes(b"x" * 100_000)
    assert "has changed since it was converted" in _error(capsys, "verify", "--cache-dir", cache)
    assert main(["model", "verify", "--cache-dir", str(cache), "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["ok"] is False


def test_remove_conversions_of_a_checkpoint_that_is_gone(
    cache: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for precision in ("int8", "int4"):
        _convert(cache, precision)
    report = _run(capsys, "remove", "coder", "--precision", "int4", "--cache-dir", cache)
    assert report["freed_mb"] == 0.1
    assert [Path(directory).name for directory in report["removed"]] == [
        "coder-openvino-int4-key-int4"
    ]
    assert [one.precision for one in Store(cache).all()] == ["int8"]
    _run(capsys, "remove", "/models/coder", "--cache-dir", cache)
    assert Store(cache).all() == []


def test_remove_what_does_not_exist(cache: Path, capsys: pytest.CaptureFixture[str]) -> None:
    error = _error(capsys, "remove", EMBEDDED, "--cache-dir", cache)
    assert f"no conversion of {EMBEDDED}" in error
    assert "model list" in error


@pytest.fixture
def mixed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a GGUF in Ollama's store, which is converted before it is served."""
    content = write_mixed_gguf(tmp_path / "x.gguf").read_bytes()
    store, digest = tmp_path / "ollama", hashlib.sha256(content).hexdigest()
    blob = store / "blobs" / f"sha256-{digest}"
    manifest = store / "manifests/registry.ollama.ai/library/coder/latest"
    for path in (blob, manifest):
        path.parent.mkdir(parents=True)
    blob.write_bytes(content)
    layer = {"mediaType": "application/vnd.ollama.image.model", "size": len(content)}
    manifest.write_text(json.dumps({"layers": [{**layer, "digest": f"sha256:{digest}"}]}))
    monkeypatch.setenv("OLLAMA_MODELS", str(store))
    monkeypatch.setenv("HOME", str(tmp_path))
    return blob


def test_a_gguf_in_the_store_of_ollama(
    mixed: Path, cache: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report = _run(capsys, "show", "ollama:coder", "--cache-dir", cache)
    assert (report["name"], report["weights"]) == ("ollama:coder", str(mixed))
    assert (report["quantization"], report["precision"]) == ("Q4_K_M", "int8")
    assert report["license"] == "mit"
    assert report["parameters"] > 800_000
    assert report["preparation"]["done"] is False
    rows = _run(capsys, "list", "--cache-dir", cache)["models"]
    (row,) = (row for row in rows if row["kind"] == "ollama")
    assert (row["model"], row["size_mb"]) == ("ollama:coder:latest", 0.6)
    _convert(cache, "int8", source=str(mixed))
    report = _run(capsys, "verify", "ollama:coder", "--cache-dir", cache)
    assert report["prepared"] == ["openvino int8"]
    assert _run(capsys, "remove", "ollama:coder", "--cache-dir", cache)["freed_mb"] == 0.1


def test_the_precision_of_a_gguf_that_is_served_unchanged(
    tmp_path: Path, cache: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write_mixed_gguf(tmp_path / "x.gguf", ["Q8_0"])
    report = _run(capsys, "show", path, "--cache-dir", cache)
    assert (report["precision"], report["preparation"]) == (report["quantization"], None)
