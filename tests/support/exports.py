"""Exports of tiny checkpoints for the engines, kept in ``.cache`` from one run to the next."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from jupyter_safecoder.conversion import export
from jupyter_safecoder.files import atomic_directory
from jupyter_safecoder.models import random_weights
from tests.support import tiny_checkpoints
from tests.support.paths import ROOT

_CACHE = ROOT / ".cache/tests"
#: What decides the bytes of an export.
_SOURCES = (export, random_weights, tiny_checkpoints)
_PACKAGES = ("nncf", "onnx", "openvino", "optimum", "optimum-intel", "optimum-onnx")
_EXPORT = """
import warnings
from pathlib import Path
from jupyter_safecoder.telemetry import silence_telemetry
silence_telemetry()
warnings.simplefilter("ignore")
from jupyter_safecoder.conversion.export import export
for source, target, precision in {jobs!r}:
    Path(target).mkdir(parents=True)
    export(Path(source), Path(target), {engine!r}, precision, lambda share, text: None)
"""


def export_all(
    engine: str, checkpoints: Mapping[str, Path], precisions: Mapping[str, Sequence[str]]
) -> Path:
    """Return a directory with the exports ``PRECISION/NAME`` of checkpoints.

    They are made in one process: importing the exporters takes longer than using them.

    Parameters
    ----------
    engine
        The engine that they are for.
    checkpoints
        Directories of checkpoints by name, written by ``write_tiny`` with its default seed.
    precisions
        Names of checkpoints by precision.
    """
    directory = _CACHE / f"{engine}-{_digest(precisions)}"
    if not directory.is_dir():
        with atomic_directory(directory) as partial:
            jobs = [
                (str(checkpoints[name]), str(partial / precision / name), precision)
                for precision, names in precisions.items()
                for name in names
            ]
            code = _EXPORT.format(jobs=jobs, engine=engine)
            subprocess.run(
                [sys.executable, "-c", code], check=True, capture_output=True, timeout=170
            )
    return directory


def _digest(precisions: Mapping[str, Sequence[str]]) -> str:
    digest = hashlib.sha256(json.dumps([sys.version, precisions, list(_versions())]).encode())
    for module in _SOURCES:
        digest.update(Path(str(module.__file__)).read_bytes())
    return digest.hexdigest()[:16]


def _versions() -> Iterator[str | None]:
    for package in (*_PACKAGES, "torch", "transformers"):
        try:
            yield version(package)
        except PackageNotFoundError:
            yield None
