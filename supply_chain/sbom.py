"""Writes the bills of materials of both wheels: ``python -m supply_chain.sbom``.

Their form is CycloneDX 1.6, and the build puts them into ``*.dist-info/sboms/`` (PEP 770).
Dependencies have the range that is allowed, since pip chooses their versions. A test compares the
files with what would be written. ``--check`` does the same and writes nothing.
"""

from __future__ import annotations

import argparse
import json
import sys
import uuid
from collections.abc import Iterable, Mapping
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from jupyter_safecoder._version import __version__
from jupyter_safecoder.adapters.model_card import card_of_adapter
from jupyter_safecoder.adapters.registry import read_card
from jupyter_safecoder.files.toml import read_toml
from jupyter_safecoder.models import EMBEDDED
from jupyter_safecoder.models.cards import ModelCard, card_of_model, read_own_words
from jupyter_safecoder.models.catalogue import find_entry
from jupyter_safecoder.models.description import read_description
from jupyter_safecoder.models.fingerprint import hash_file

from .licenses import ROOT, bundle_packages, license_of, read_rules

_WEIGHTS = ROOT / "weights" / "safecoder_smol_135m"
#: Files that are written, by distribution.
FILES: Mapping[str, Path] = {
    "jupyter-safecoder": ROOT / "supply_chain" / "jupyter_safecoder.cdx.json",
    EMBEDDED: ROOT / "weights" / "safecoder_smol_135m.cdx.json",
}
#: The extra of those who develop the package.
_DEVELOPMENT = "dev"
_NAMESPACE = uuid.uuid5(
    uuid.NAMESPACE_URL, "https://github.com/jupyter-safecoder/jupyter_safecoder"
)


def bill_of_package() -> dict[str, Any]:
    """Return the bill of materials of ``jupyter_safecoder``."""
    project = read_toml(ROOT / "pyproject.toml")["project"]
    components = [*_requirements(project), *_bundle(), *_models()]
    return _bill("jupyter-safecoder", __version__, "application", components)


def bill_of_weights() -> dict[str, Any]:
    """Return the bill of materials of the package of weights."""
    version = _weights_version()
    files = (
        path
        for path in sorted(_WEIGHTS.rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
    )
    components = [*_models(), *(_file(path.relative_to(_WEIGHTS), path) for path in files)]
    return _bill(EMBEDDED, version, "data", components)


def _bill(
    name: str, version: str, kind: str, components: Iterable[dict[str, Any]]
) -> dict[str, Any]:
    root = f"pkg:pypi/{name}@{version}"
    listed = sorted(components, key=lambda component: str(component["bom-ref"]))
    bill = {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "component": {
                "type": kind,
                "bom-ref": root,
                "name": name,
                "version": version,
                "purl": root,
                "licenses": _licenses("Apache-2.0"),
            }
        },
        "components": listed,
        "dependencies": [{"ref": root, "dependsOn": [one["bom-ref"] for one in listed]}],
    }
    # The same content has the same number: the wheels can be built again.
    number = uuid.uuid5(_NAMESPACE, json.dumps(bill, sort_keys=True))
    return {**bill, "serialNumber": f"urn:uuid:{number}"}


def _licenses(expression: str) -> list[dict[str, Any]]:
    return [{"expression": expression}]


def _requirements(project: Mapping[str, Any]) -> Iterable[dict[str, Any]]:
    """Yield the direct requirements, each once, with the extras that it is in."""
    extras = project["optional-dependencies"]
    groups = {"": project["dependencies"], **extras}
    found: dict[str, list[str]] = {}
    for group, lines in groups.items():
        for line in lines if group != _DEVELOPMENT else ():
            key = canonicalize_name(Requirement(line).name)
            found.setdefault(key, []).append(f"[{group}] {line}" if group else line)
    rules = read_rules()
    for name, lines in found.items():
        reference = f"pkg:pypi/{name}"
        try:
            license = license_of(distribution(name), rules)
        except PackageNotFoundError:  # of an extra with an environment of its own
            license = ""
        yield {
            "type": "library",
            "bom-ref": reference,
            "name": name,
            "purl": reference,
            "scope": "required" if lines[0] in project["dependencies"] else "optional",
            **({"licenses": _licenses(license)} if license else {}),
            "properties": [{"name": "requirement", "value": line} for line in lines],
        }


def _bundle() -> Iterable[dict[str, Any]]:
    """Yield npm's packages in the bundle of the lab extension."""
    for package in bundle_packages():
        reference = f"pkg:npm/{package['name'].replace('@', '%40')}@{package['versionInfo']}"
        yield {
            "type": "library",
            "bom-ref": reference,
            "name": package["name"],
            "version": package["versionInfo"],
            "purl": reference,
            "scope": "required",
            "licenses": _licenses(package["licenseId"]),
        }


def _models() -> Iterable[dict[str, Any]]:
    """Yield the embedded model and the adapters in the package of weights."""
    model = read_description(_WEIGHTS)
    yield _model(card_of_model(model, find_entry(EMBEDDED), read_own_words(_WEIGHTS)))
    for directory in sorted(path.parent for path in (_WEIGHTS / "adapters").glob("*/card.json")):
        card = read_card(directory)
        if card is None:
            raise ValueError(f"{directory} has no card")
        yield _model(card_of_adapter(card, directory, read_own_words(directory)))


def _model(card: ModelCard) -> dict[str, Any]:
    reference = f"pkg:pypi/{EMBEDDED}@{_weights_version()}#{card.kind}/{card.name}"
    parameters = {
        "task": "fill-in-the-middle",
        **(
            {"modelArchitecture": card.architecture["model_type"]}
            if "model_type" in card.architecture
            else {}
        ),
    }
    return {
        "type": "machine-learning-model",
        "bom-ref": reference,
        "name": card.name,
        "version": _weights_version(),
        "licenses": _licenses(card.license or "Apache-2.0"),
        "modelCard": {"modelParameters": parameters},
        "components": [
            {
                "type": "file",
                "bom-ref": f"{reference}/{file.name}",
                "name": file.name,
                "hashes": [{"alg": "SHA-256", "content": file.sha256}],
                "licenses": _licenses(card.license or "Apache-2.0"),
            }
            for file in card.files
        ],
        "pedigree": {
            "ancestors": [
                {
                    "type": "machine-learning-model",
                    "name": card.base.name,
                    "hashes": [{"alg": "SHA-256", "content": card.base.sha256}],
                }
            ]
        }
        if card.base and card.base.sha256
        else {},
    }


def _file(name: Path, path: Path) -> dict[str, Any]:
    return {
        "type": "file",
        "bom-ref": f"file:{name.as_posix()}",
        "name": name.as_posix(),
        "hashes": [{"alg": "SHA-256", "content": hash_file(path)}],
        "licenses": _licenses("Apache-2.0"),
    }


def _weights_version() -> str:
    return str(read_toml(ROOT / "weights" / "pyproject.toml")["project"]["version"])


def texts() -> dict[Path, str]:
    """Return the content of the files that are written."""
    bills = {"jupyter-safecoder": bill_of_package(), EMBEDDED: bill_of_weights()}
    return {FILES[name]: json.dumps(bill, indent=1) + "\n" for name, bill in bills.items()}


def main() -> int:
    """Write the bills of materials, or compare them; returns the exit status."""
    parser = argparse.ArgumentParser(description="Write the bills of materials of both wheels.")
    parser.add_argument("--check", action="store_true", help="compare the files, write nothing")
    check = parser.parse_args().check
    stale = []
    for path, text in texts().items():
        if not check:
            path.write_text(text, "utf-8")
        elif not path.is_file() or path.read_text("utf-8") != text:
            stale.append(path.name)
    if stale:
        sys.stderr.write(f"Not up to date: {', '.join(stale)}. Run: make sbom\n")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
