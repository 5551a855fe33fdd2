"""From the name that an administrator writes to a model's description."""

from __future__ import annotations

from collections.abc import Callable
from importlib.resources import files
from pathlib import Path

from .description import ModelDescription, read_description
from .problem import ModelProblem

#: The name of the model that ships with the product.
EMBEDDED = "safecoder-smol-135m"

_EMBEDDED_PACKAGE = "safecoder_smol_135m"


def find_model(
    name: str,
    *,
    revision: str = "",
    allow_downloads: bool = False,
    progress: Callable[[float], None] = lambda share: None,
    cache: Path | None = None,
) -> ModelDescription:
    """Return the description of a model.

    Parameters
    ----------
    name
        ``safecoder-smol-135m``, the embedded model, or a directory with a ``model.json``.

    Raises
    ------
    ModelProblem
        If there is no such model here.
    """
    if name == EMBEDDED:
        return read_description(_embedded_directory())
    directory = Path(name).expanduser()
    if directory.is_dir():
        return read_description(directory.resolve())
    raise ModelProblem(
        f"There is no model named {name!r} and no directory of that name.",
        f"Set c.SafeCoder.model to {EMBEDDED!r} or to a directory with a model.json.",
    )


def _embedded_directory() -> Path:
    try:
        return Path(str(files(_EMBEDDED_PACKAGE)))
    except ModuleNotFoundError:
        raise ModelProblem(
            "The embedded model is not installed: this is a thin installation.",
            "Install it with: pip install 'jupyter-safecoder[local]'.",
        ) from None
