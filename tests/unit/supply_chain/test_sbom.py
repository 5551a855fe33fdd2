"""The bills of materials are what would be written, and CycloneDX."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from jupyter_safecoder.files.toml import read_toml
from jupyter_safecoder.models import EMBEDDED
from jupyter_safecoder.models.description import read_description
from supply_chain import sbom
from supply_chain.licenses import ROOT, is_allowed, read_rules

SCHEMA = json.loads(Path(__file__).with_name("cyclonedx.schema.json").read_text("utf-8"))


@pytest.fixture(scope="module", params=[*sbom.FILES])
def bill(request: pytest.FixtureRequest) -> tuple[str, dict[str, Any]]:
    """Return the name of a distribution and its bill of materials."""
    return request.param, json.loads(sbom.FILES[request.param].read_text("utf-8"))


def test_the_files_are_up_to_date(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["sbom", "--check"])
    assert sbom.main() == 0, capsys.readouterr().err


def test_a_file_that_is_not_up_to_date(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr(sbom, "texts", lambda: {tmp_path / "a.cdx.json": "{}\n"})
    monkeypatch.setattr(sys, "argv", ["sbom", "--check"])
    assert sbom.main() == 1
    assert "a.cdx.json" in capsys.readouterr().err
    monkeypatch.setattr(sys, "argv", ["sbom"])
    assert sbom.main() == 0
    assert (tmp_path / "a.cdx.json").read_text() == "{}\n"


def test_the_form_is_cyclonedx(bill: tuple[str, dict[str, Any]]) -> None:
    name, content = bill
    jsonschema.validate(content, SCHEMA)
    assert content["metadata"]["component"]["name"] == name
    references = [component["bom-ref"] for component in content["components"]]
    assert len({*references}) == len(references)
    assert content["dependencies"][0]["dependsOn"] == references


def test_the_model_is_in_both_with_hash_and_license(bill: tuple[str, dict[str, Any]]) -> None:
    found = {one["name"]: one for one in bill[1]["components"] if one["type"][0] == "m"}
    assert {*found} == {EMBEDDED, "safecoder-qwen-0.5b", "safecoder-qwen-1.5b"}
    files = {file["name"]: file for file in found[EMBEDDED]["components"]}
    model = read_description(ROOT / "weights" / "safecoder_smol_135m")
    for file in model.files:
        assert files[file.path.name]["hashes"] == [{"alg": "SHA-256", "content": file.sha256}]
        assert files[file.path.name]["licenses"] == [{"expression": "Apache-2.0"}]


def test_every_requirement_is_in_it() -> None:
    content = json.loads(sbom.FILES["jupyter-safecoder"].read_text("utf-8"))
    components = {one["name"]: one for one in content["components"]}
    project = read_toml(ROOT / "pyproject.toml")["project"]
    lines = [*project["dependencies"]]
    for extra, requirements in project["optional-dependencies"].items():
        lines += [f"[{extra}] {line}" for line in requirements if extra != "dev"]
    listed = [p["value"] for one in content["components"] for p in one.get("properties", ())]
    assert sorted(listed) == sorted(lines)
    assert (components["tornado"]["scope"], components["torch"]["scope"]) == (
        *("required", "optional"),
    )
    assert {"css-loader", "style-loader"} <= {*components}
    assert "ruff" not in components


def test_licenses_are_those_that_are_allowed(bill: tuple[str, dict[str, Any]]) -> None:
    rules = read_rules()
    for component in bill[1]["components"]:
        for license in component.get("licenses", ()):
            assert is_allowed(license["expression"], rules.allowed.__contains__), component["name"]


def test_every_file_of_the_weights_is_in_it() -> None:
    content = json.loads(sbom.FILES[EMBEDDED].read_text("utf-8"))
    names = {one["name"] for one in content["components"] if one["type"] == "file"}
    assert {"safecoder-smol-135m.gguf", "card.json", "NOTICE", "training_data.json"} <= names
    assert "adapters/safecoder-qwen-0.5b/adapter_model.safetensors" in names
