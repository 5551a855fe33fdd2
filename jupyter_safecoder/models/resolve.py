"""Resolves the name of a model in the settings to its description."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib.resources import files
from pathlib import Path

from jupyter_safecoder.errors import ModelError
from jupyter_safecoder.extras import INSTALL_LOCAL

from .cache import cache_directory
from .catalogue import Entry, find_entry, find_installed
from .description import ModelDescription, read_description
from .gguf.header import is_gguf
from .stores import lm_studio, ollama

#: Name of the embedded model, which ships with this product.
EMBEDDED = "safecoder-smol-135m"

#: As the name of a model: the best one on this disk that is fast enough on this machine.
AUTO_MODEL = "auto"

_EMBEDDED_PACKAGE = "safecoder_smol_135m"


def resolve_model(
    name: str,
    *,
    revision: str = "",
    allow_downloads: bool = False,
    weights: bool = True,
    progress: Callable[[float], None] = lambda share: None,
    cache: Path | None = None,
    catalogues: Sequence[str] = (),
    get: Callable[[Entry], ModelDescription] | None = None,
) -> ModelDescription:
    """Return the description of a model.

    Parameters
    ----------
    name
        ``safecoder-smol-135m``, the embedded model; a directory with a Hugging Face checkpoint or a
        ``model.json``; a GGUF file; a model of the catalogue; ``ollama:NAME`` or
        ``lmstudio:PUBLISHER/MODEL`` in the store of that program; or ``owner/name`` on the Hugging
        Face Hub. A file or directory of that name has priority over the catalogue and the Hub.
    revision
        Branch, tag or commit of a model on the Hugging Face Hub.
    allow_downloads
        Whether a model may be downloaded from there.
    weights
        ``False``: the weights are on a completion server.
    progress
        Called with the share of a download that is done, 0 to 1.
    cache
        The cache directory; ``None``: the default one.
    catalogues
        Paths of a team's catalogues.
    get
        Gets a model of the catalogue that is not on this disk; ``None``: that is not allowed.

    Raises
    ------
    ModelError
        If there is no such model, or it cannot be served.
    """
    if name == EMBEDDED:
        return read_description(_embedded_directory())
    if name.startswith((ollama.PREFIX, lm_studio.PREFIX)):
        return _resolve_stored(name, cache or cache_directory(), weights)
    path = Path(name).expanduser()
    if path.is_dir():
        return _resolve_directory(path.resolve(), weights)
    if path.is_file():
        return _resolve_file(path.resolve(), cache or cache_directory(), weights)
    if found := find_installed(cache or cache_directory(), name):
        return found
    if entry := find_entry(name, catalogues):
        if get is not None:
            return get(entry)
        raise ModelError(f"{name} is not on this disk.", f"Get it: {entry.command}.")
    # Imports are late, here and below: each kind of model needs other libraries.
    from .huggingface import fetch_checkpoint, is_repo_id

    if is_repo_id(name):
        from .checkpoint import describe_checkpoint

        directory = fetch_checkpoint(
            name,
            revision,
            allow_downloads=allow_downloads,
            weights=weights,
            progress=progress,
        )
        return describe_checkpoint(directory, name, weights=weights)
    raise ModelError(
        f"There is no model named {name!r}, and no directory or file of that name.",
        f"Set c.SafeCoder.model to {EMBEDDED!r}, a directory with a checkpoint, a GGUF file, a "
        "name that 'jupyter safecoder model catalogue' lists, 'ollama:NAME', "
        "'lmstudio:PUBLISHER/MODEL', or 'owner/name' on the Hugging Face Hub.",
    )


def _resolve_directory(path: Path, weights: bool) -> ModelDescription:
    if (path / "model.json").is_file():
        return read_description(path)
    from .checkpoint import describe_checkpoint

    return describe_checkpoint(path, weights=weights)


def _resolve_stored(name: str, cache: Path, weights: bool) -> ModelDescription:
    from .gguf.describe import describe_gguf

    if name.startswith(lm_studio.PREFIX):
        return describe_gguf(lm_studio.find_model(name), cache, name, weights=weights)
    path, sha256 = ollama.find_model(name)
    return describe_gguf(path, cache, name, sha256, weights=weights)


def _resolve_file(path: Path, cache: Path, weights: bool) -> ModelDescription:
    # Files in Ollama's store have no suffix.
    if path.suffix.lower() != ".gguf" and not is_gguf(path):
        raise ModelError(
            f"{path} is a file, but not a GGUF file.",
            "Name a GGUF file, or the directory of a checkpoint.",
        )
    from .gguf.describe import describe_gguf

    return describe_gguf(path, cache, weights=weights)


def _embedded_directory() -> Path:
    try:
        return Path(str(files(_EMBEDDED_PACKAGE)))
    except ModuleNotFoundError:
        raise ModelError(
            "The embedded model is not installed.",
            f"Install it with: {INSTALL_LOCAL}.",
        ) from None
