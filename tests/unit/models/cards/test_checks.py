"""Checks of models: what is right, what is wrong, and what nobody can say."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from jupyter_safecoder.engines.scripted import write_scripted_model
from jupyter_safecoder.models import EMBEDDED, ModelDescription, ModelFile, resolve_model
from jupyter_safecoder.models.cards import check_model
from jupyter_safecoder.models.catalogue import Entry, find_entry
from jupyter_safecoder.models.catalogue.entry import CatalogueFile
from jupyter_safecoder.models.tokenizer import FileTokenizer
from jupyter_safecoder.postprocess import Calibration
from tests.support.tiny_gguf import write_mixed_gguf


def results(model: ModelDescription, entry: Entry | None = None) -> dict[str, bool | None]:
    return {check.check: check.ok for check in check_model(model, entry)}


def failure(model: ModelDescription, entry: Entry | None = None) -> str:
    [failed] = [check for check in check_model(model, entry) if check.ok is False]
    return f"{failed.check}: {failed.detail}"


@pytest.fixture
def own(tmp_path: Path, cache: Path) -> ModelDescription:
    """Return the description of a GGUF file of a user."""
    return resolve_model(str(write_mixed_gguf(tmp_path / "mine.gguf")), cache=cache)


def test_the_embedded_model() -> None:
    found = results(resolve_model(EMBEDDED), find_entry(EMBEDDED))
    assert found == {
        **dict.fromkeys(("files", "shapes", "tokenizer", "license", "calibration"), True),
        "catalogue": None,
    }


def test_a_file_of_a_user_is_of_unknown_origin(own: ModelDescription) -> None:
    found = results(own)
    assert (found["shapes"], found["tokenizer"]) == (True, True)
    assert {found["files"], found["catalogue"], found["calibration"]} == {None}
    assert found["license"] is None
    (own.weights.parent / "LICENSE.txt").write_text("MIT")
    assert results(own)["license"] is True


def test_a_file_that_is_not_that_of_the_catalogue(own: ModelDescription) -> None:
    entry = find_entry(EMBEDDED)
    assert entry
    listed = replace(entry, files=(CatalogueFile("mine.gguf", 1, "a" * 64),), confidence=None)
    sha256 = replace(own, files=tuple(replace(f, sha256="a" * 64) for f in own.files))
    assert results(sha256, listed)["catalogue"] is True
    other = replace(own, files=tuple(replace(f, sha256="b" * 64) for f in own.files))
    failed = [check.check for check in check_model(other, listed) if check.ok is False]
    assert failed == ["files", "catalogue"]


def test_a_truncated_file(own: ModelDescription) -> None:
    own.weights.write_bytes(own.weights.read_bytes()[:-100])
    failed = {check.check for check in check_model(own, None) if check.ok is False}
    assert failed == {"files", "shapes"}


def test_weights_of_another_size_than_the_configuration(
    intact_checkpoint: Path, tmp_path: Path
) -> None:
    directory = shutil.copytree(intact_checkpoint, tmp_path / "copy")
    config = json.loads((directory / "config.json").read_text())
    assert results(resolve_model(str(directory)))["shapes"] is True
    (directory / "config.json").write_text(json.dumps({**config, "n_inner": 99}))
    assert "mlp.c_fc.weight" in failure(resolve_model(str(directory)))


def test_a_tokenizer_that_makes_text_a_control_token(
    own: ModelDescription, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    encode = FileTokenizer.encode

    def spelled(self: FileTokenizer, text: str) -> list[int]:
        name = "<fim_middle>"
        return [self.token_id(name)] if name in text else encode(self, text)

    monkeypatch.setattr(FileTokenizer, "encode", spelled)
    assert "A text that spells <fim_middle> becomes that token" in failure(own)


def test_a_tokenizer_that_changes_texts(own: ModelDescription, tmp_path: Path) -> None:
    text = own.tokenizer.read_text("utf-8")
    path = tmp_path / "tokenizer.json"
    path.write_text(re.sub(r'"normalizer":\s*null', '"normalizer":{"type":"Lowercase"}', text))
    assert path.read_text("utf-8") != text
    changed = replace(own, tokenizer=path, files=(ModelFile(path, path.stat().st_size),))
    assert "does not give back a text" in failure(changed)
    path.write_text("{}")
    changed = replace(changed, files=(ModelFile(path, 2),))
    assert "not a tokenizer" in failure(changed)


def test_a_calibration_of_another_version() -> None:
    model = replace(resolve_model(EMBEDDED), calibration=Calibration(0.0, 2.0))
    assert failure(model, find_entry(EMBEDDED)).startswith("calibration: It is not that")
    assert results(model)["calibration"] is True


def test_a_script_for_tests(tmp_path: Path) -> None:
    model = resolve_model(str(write_scripted_model(tmp_path / "model", {"otherwise": "x"})))
    found = results(model)
    assert (found["shapes"], found["tokenizer"]) == (None, None)
    assert found["files"] is True
