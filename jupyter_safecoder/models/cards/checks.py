"""What can be checked of a model without running it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from jupyter_safecoder.errors import ModelError
from jupyter_safecoder.models.catalogue import Entry
from jupyter_safecoder.models.description import ModelDescription
from jupyter_safecoder.models.gguf.checkpoint import checkpoint_shapes
from jupyter_safecoder.models.integrity import verify_files
from jupyter_safecoder.models.tokenizer import FileTokenizer
from jupyter_safecoder.postprocess import DEFAULT_CALIBRATION
from jupyter_safecoder.prompt import FAMILIES

from .architecture import read_config
from .shapes import find_wrong_shape

#: Code whose ids must give it back: indentation, names, accents, an emoji.
_SAMPLE = "def Area(r):\n    # Café ∞ 😀\n    return 3.14 * r ** 2\n"
_LICENSE_FILES = ("LICENSE*", "LICENCE*", "COPYING*", "NOTICE*")


@dataclass(frozen=True)
class Check:
    """The result of a check.

    Parameters
    ----------
    check
        Its name.
    ok
        ``None``: there is nothing to compare with.
    detail
        What was found.
    """

    check: str
    ok: bool | None
    detail: str


def check_model(
    model: ModelDescription,
    entry: Entry | None,
    progress: Callable[[float], None] = lambda share: None,
) -> Iterator[Check]:
    """Yield the checks of a model's files.

    Parameters
    ----------
    model
        The model.
    entry
        What the catalogue says of it; ``None``: it is not in the catalogue.
    progress
        Called with the share of bytes read so far, 0 to 1.
    """
    yield _files(model, progress)
    yield _catalogue(model, entry)
    yield _shapes(model)
    yield _tokenizer(model)
    yield _license(model)
    yield _calibration(model, entry)


def _files(model: ModelDescription, progress: Callable[[float], None]) -> Check:
    try:
        verify_files(model, progress)
    except ModelError as error:
        return Check("files", False, f"{error.reason} {error.remedy}".strip())
    known = sum(bool(file.sha256) for file in model.files)
    if not known:
        return Check("files", None, "all are there; no SHA-256 of them is known")
    return Check("files", True, f"SHA-256 of {known} of {len(model.files)} is the recorded one")


def _catalogue(model: ModelDescription, entry: Entry | None) -> Check:
    recorded = {file.path: file.sha256 for file in entry.files} if entry else {}
    found = {f.path.name: f.sha256 for f in model.files if f.path.name in recorded and f.sha256}
    if not found:
        return Check("catalogue", None, "the catalogue has no SHA-256 of these files")
    for name, sha256 in found.items():
        if sha256 != recorded[name]:
            return Check("catalogue", False, f"{name} is not the file of the catalogue.")
    return Check("catalogue", True, f"{', '.join(found)}: SHA-256 of the catalogue")


def _shapes(model: ModelDescription) -> Check:
    if model.format == "script":
        return Check("shapes", None, "a script for tests has no tensors")
    try:
        shapes = checkpoint_shapes(model)
        wrong = find_wrong_shape(read_config(model), shapes)
    except ImportError as error:
        return Check("shapes", None, f"the package {error.name} is not installed")
    except (OSError, ValueError, ModelError) as error:
        return Check("shapes", False, f"The tensors cannot be read: {error}.")
    if wrong:
        return Check("shapes", False, f"The weights do not fit their configuration: {wrong}.")
    return Check("shapes", True, f"{len(shapes)} tensors fit the configuration")


def _tokenizer(model: ModelDescription) -> Check:
    if model.format == "script":
        return Check("tokenizer", None, "a script for tests has no tokenizer")
    try:
        tokenizer = FileTokenizer(model.tokenizer)
    except ModelError as error:
        return Check("tokenizer", False, f"{error.reason} {error.remedy}".strip())
    if tokenizer.decode(tokenizer.encode(_SAMPLE)) != _SAMPLE:
        return Check("tokenizer", False, "It does not give back a text that it encoded.")
    family = FAMILIES[model.family]
    for name in (*family.fim, *family.stop_tokens):
        if tokenizer.has(name) and tokenizer.token_id(name) in tokenizer.encode(f"x {name} x"):
            return Check("tokenizer", False, f"A text that spells {name} becomes that token.")
    return Check("tokenizer", True, f"{tokenizer.size:,} tokens, gives texts back exactly")


def _license(model: ModelDescription) -> Check:
    directory = model.weights if model.weights.is_dir() else model.weights.parent
    if model.license == "unknown":
        return Check("license", None, "the files name none")
    found = _license_file(directory)
    if found is None:
        return Check("license", None, f"{model.license}; its text is not beside the files")
    return Check("license", True, f"{model.license}; {found.name} is beside the files")


def _license_file(directory: Path) -> Path | None:
    found = (path for pattern in _LICENSE_FILES for path in sorted(directory.glob(pattern)))
    return next((path for path in found if path.is_file()), None)


def _calibration(model: ModelDescription, entry: Entry | None) -> Check:
    recorded = entry.confidence if entry else None
    if model.calibration == DEFAULT_CALIBRATION and recorded is None:
        return Check("calibration", None, "none was measured for these files: the default is used")
    if recorded is not None and model.calibration != recorded:
        return Check("calibration", False, "It is not that of the catalogue: get the model again.")
    numbers = f"intercept {model.calibration.intercept}, slope {model.calibration.slope}"
    where = "of the catalogue" if recorded else "of model.json"
    return Check("calibration", True, f"{numbers}, {where}")
