"""A model is found, described and verified, or there is a reason and a remedy."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from jupyter_safecoder.engines.scripted import write_scripted_model
from jupyter_safecoder.errors import ModelError
from jupyter_safecoder.models import EMBEDDED, resolve_model, verify_files
from jupyter_safecoder.models.tokenizer import FileTokenizer


def test_the_embedded_model_is_found_and_whole() -> None:
    shares: list[float] = []
    model = resolve_model(EMBEDDED)
    verify_files(model, shares.append)
    assert model.name == EMBEDDED
    assert model.license == "Apache-2.0"
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
    assert model.default_layout in model.layouts
    parts = model.context_tokens + model.prefix_tokens * 5 // 4 + model.suffix_tokens
    assert parts < model.context_window


def _problem(directory: Path) -> ModelError:
    with pytest.raises(ModelError) as raised:
        verify_files(resolve_model(str(directory)))
    return raised.value


def _remove(path: Path) -> None:
    path.unlink()


def _truncate(path: Path) -> None:
    os.truncate(path, path.stat().st_size - 1)


def _alter(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def _directory(path: Path) -> None:
    size = path.stat().st_size
    path.unlink()
    path.mkdir()
    model = path.parent / "model.json"
    model.write_text(model.read_text().replace(f'"size": {size}', f'"size": {path.stat().st_size}'))


@pytest.mark.parametrize(
    ("harm", "says"),
    [
        (_remove, "missing"),
        (_truncate, "truncated"),
        (_alter, "SHA-256 differs"),
        (_directory, "cannot be read"),
    ],
)
def test_harmed_file(tmp_path: Path, harm: Callable[[Path], None], says: str) -> None:
    directory = write_scripted_model(tmp_path / "model", {"otherwise": "pass"})
    verify_files(resolve_model(str(directory)))
    harm(directory / "script.json")
    problem = _problem(directory)
    assert says in problem.reason
    assert "again" in problem.remedy


def test_no_such_model(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no model named") as raised:
        resolve_model(str(tmp_path / "nowhere"))
    assert EMBEDDED in raised.value.remedy


def test_directory_without_description(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"no model\.json") as raised:
        resolve_model(str(tmp_path))
    assert raised.value.remedy


def _change(**changes: Any) -> Callable[[dict[str, Any]], Any]:
    return lambda data: {**data, **changes}


@pytest.mark.parametrize(
    "change",
    [
        lambda data: [],
        lambda data: None,
        lambda data: {name: value for name, value in data.items() if name != "family"},
        _change(weights="script.json"),
        _change(weights={"file": "script.json"}),
        _change(weights={"file": 5, "size": 1, "sha256": ""}),
        _change(layouts=None),
        _change(unknown_field=1),
    ],
)
def test_bad_description(tmp_path: Path, change: Callable[[dict[str, Any]], Any]) -> None:
    directory = write_scripted_model(tmp_path / "model", {})
    path = directory / "model.json"
    path.write_text(json.dumps(change(json.loads(path.read_text()))))
    problem = _problem(directory)
    assert "model.json" in problem.reason
    assert problem.remedy


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe\x00"])
def test_description_that_is_not_json(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "model.json").write_bytes(content)
    assert _problem(tmp_path).remedy


def test_a_file_that_is_no_tokenizer(tmp_path: Path) -> None:
    path = tmp_path / "tokenizer.json"
    path.write_text("{}")
    with pytest.raises(ModelError, match=r"tokenizer\.json"):
        FileTokenizer(path)


def test_tokenizer_without_a_special_token(embedded_tokenizer: FileTokenizer) -> None:
    with pytest.raises(ValueError, match="<no_such_token>"):
        embedded_tokenizer.token_id("<no_such_token>")


@pytest.mark.parametrize(
    "text", ["", "\ud83d", "\udc00\ud83d", "\U0001f600 = 'é中'\r\n\t", "\x00", "<fim_middle>"]
)
def test_tokenizer_takes_any_text(embedded_tokenizer: FileTokenizer, text: str) -> None:
    ids = embedded_tokenizer.encode(text)
    expected = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    assert embedded_tokenizer.decode(ids) == expected
    assert all(i > 16 for i in ids), "an id of a special token"
