"""What there is to know of a model before it is loaded: its ``model.json``."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from jupyter_safecoder.errors import ModelError
from jupyter_safecoder.protocol import ModelInfo


@dataclass(frozen=True)
class ModelFile:
    """A file of a model; ``size`` in bytes, ``sha256`` in hexadecimal, empty if none is known."""

    path: Path
    size: int
    sha256: str = ""


@dataclass(frozen=True)
class ModelDescription:
    """A model that the runtime can serve.

    ``context_tokens``, ``prefix_tokens`` and ``suffix_tokens`` bound the three parts of a prompt:
    they follow from what the model was trained on, not only from its context window.
    ``weights`` is a GGUF file or a checkpoint's directory, ``tokenizer`` a ``tokenizer.json``,
    ``files`` are all that are loaded. ``architecture`` is Hugging Face's ``model_type``.
    """

    name: str
    family: str
    layouts: tuple[str, ...]
    default_layout: str
    context_window: int
    context_tokens: int
    prefix_tokens: int
    suffix_tokens: int
    languages: tuple[str, ...]
    license: str
    format: Literal["gguf", "checkpoint", "script"]
    architecture: str
    weights: Path
    tokenizer: Path
    files: tuple[ModelFile, ...]

    @property
    def weights_bytes(self) -> int:
        """Bytes of weights as they lie on disk."""
        return sum(file.size for file in self.files if file.path != self.tokenizer)

    def info(self) -> ModelInfo:
        """Return what is told to people and programs."""
        return ModelInfo(
            name=self.name,
            family=self.family,
            layouts=self.layouts,
            default_layout=self.default_layout,
            context_window=self.context_window,
            languages=self.languages,
            license=self.license,
        )


def read_description(directory: Path) -> ModelDescription:
    """Return the description that ``model.json`` in a model's directory gives.

    Raises
    ------
    ModelError
        If the file is missing or does not say what is needed.
    """
    path = directory / "model.json"
    try:
        data = json.loads(path.read_text("utf-8"))
        if "licence" in data:  # version 0.1
            data["license"] = data.pop("licence")
        files = {
            part: ModelFile(
                directory / data[part]["file"], data[part]["size"], data[part]["sha256"]
            )
            for part in ("weights", "tokenizer")
        }
        lists = {name: tuple(data[name]) for name in ("layouts", "languages")}
        places = {part: file.path for part, file in files.items()}
        return ModelDescription(**{**data, **lists, **places}, files=tuple(files.values()))
    except FileNotFoundError:
        raise ModelError(
            f"{directory} has no model.json.",
            "Name a directory that holds a model's model.json, weights and tokenizer.",
        ) from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(
            f"{path} cannot be read as a model's description ({type(error).__name__}).",
            "Install the model again, or mend its model.json.",
        ) from error
