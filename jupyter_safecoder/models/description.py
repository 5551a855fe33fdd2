"""The description of a model before it is loaded, and its form in ``model.json``."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any, Literal

from jupyter_safecoder.errors import ModelError
from jupyter_safecoder.files import PUBLIC_FILE, write_text
from jupyter_safecoder.postprocess import DEFAULT_CALIBRATION, Calibration
from jupyter_safecoder.prompt import Budget, completion_room
from jupyter_safecoder.protocol import ModelInfo


@dataclass(frozen=True)
class ModelFile:
    """A file of a model.

    Parameters
    ----------
    path
        The file.
    size
        Bytes.
    sha256
        Hash in hexadecimal; empty if unknown.
    """

    path: Path
    size: int
    sha256: str = ""


@dataclass(frozen=True)
class GgufContent:
    """What the header of a GGUF says of its weights.

    Parameters
    ----------
    parameters
        Number of weights.
    quantization
        Name of the mix of types, such as ``Q4_K_M``.
    kv_values
        Values that a token has in the KV cache.
    servable_unchanged
        Whether OpenVINO GenAI reads the file as it is.
    convertible
        Whether a checkpoint can be made of it, which is then converted.
    faster_converted
        Whether its weights are of types that OpenVINO computes slower than what it converts to.
    """

    parameters: int
    quantization: str
    kv_values: int
    servable_unchanged: bool
    convertible: bool
    faster_converted: bool


@dataclass(frozen=True)
class ModelDescription:
    """A model that the runtime can serve.

    Parameters
    ----------
    name
        Name to show.
    family
        FIM family, a key of :data:`.FAMILIES`.
    layouts, default_layout
        Layouts of prompts that it was trained on, names of :data:`.LAYOUTS`.
    context_window
        Tokens of prompt and completion together.
    context_tokens, prefix_tokens, suffix_tokens
        Budgets in tokens of a prompt's parts. They follow from what the model was trained on, not
        only from its context window.
    languages
        Languages that it was made for; empty if unknown.
    license
        As its card names it.
    format
        Form of the weights.
    architecture
        ``model_type`` of Hugging Face.
    weights
        A GGUF file or the first of its parts, the directory of a checkpoint, or a script for tests.
    tokenizer
        A ``tokenizer.json``.
    files
        All files that are loaded.
    calibration
        How sure the model must be of a line for it to be right: ``confidence`` in ``model.json``.
    gguf
        What the header of a GGUF says; ``None``: not known, as for the embedded model.
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
    calibration: Calibration = DEFAULT_CALIBRATION
    gguf: GgufContent | None = None

    @property
    def budget(self) -> Budget:
        """Budget of a prompt; sources besides the cells share what the window has left."""
        parts = Budget(self.context_tokens, self.prefix_tokens, self.suffix_tokens)
        # A cell magic may add a quarter to the part before the cursor.
        used = (
            parts.context
            + parts.prefix * 5 // 4
            + parts.suffix
            + completion_room(self.context_window)
        )
        return parts.with_sources(self.context_window - used)

    def with_window(self, window: int) -> ModelDescription:
        """Return the model as an engine serves it whose context window may be smaller.

        Parameters
        ----------
        window
            Tokens of prompt and completion together in the engine. If the parts of a prompt do not
            fit, each is reduced in proportion.
        """
        if window >= self.context_window:
            return self
        # A cell magic may add a quarter to the part before the cursor.
        used = self.context_tokens + self.prefix_tokens * 5 / 4 + self.suffix_tokens
        share = min(1.0, max(0, window - completion_room(window)) / used)
        context, prefix, suffix = (
            max(1, int(share * part))
            for part in (self.context_tokens, self.prefix_tokens, self.suffix_tokens)
        )
        return replace(
            self,
            context_window=window,
            context_tokens=context,
            prefix_tokens=prefix,
            suffix_tokens=suffix,
        )

    @property
    def weights_bytes(self) -> int:
        """Size of the weights on disk."""
        return sum(file.size for file in self.files if file.path != self.tokenizer)

    def fields(self) -> dict[str, Any]:
        """Return the fields of ``model.json`` but for the files and what holds for them alone."""
        names = {field.name for field in fields(self)}
        names -= {"weights", "tokenizer", "files", "gguf", "calibration"}
        return {name: getattr(self, name) for name in names}

    def info(self) -> ModelInfo:
        """Return what the protocol reports of the model."""
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
    """Return the description in the ``model.json`` of a model's directory.

    Raises
    ------
    ModelError
        If the file is missing or incomplete.
    """
    path = directory / "model.json"
    try:
        return _parse(json.loads(path.read_text("utf-8")), directory)
    except FileNotFoundError:
        raise ModelError(
            f"{directory} has no model.json.",
            "Name a directory with the model.json, weights and tokenizer of a model.",
        ) from None
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise ModelError(
            f"{path} cannot be read as a model's description ({type(error).__name__}).",
            "Install the model again, or fix its model.json.",
        ) from error


def write_description(model: ModelDescription) -> None:
    """Write the ``model.json`` of a model beside its files, which are all in one directory."""
    content = model.fields()
    if model.calibration != DEFAULT_CALIBRATION:
        content["confidence"] = asdict(model.calibration)
    if model.format == "checkpoint":
        content["files"] = [_file_fields(file) for file in model.files]
    else:
        for part, path in (("weights", model.weights), ("tokenizer", model.tokenizer)):
            content[part] = next(_file_fields(file) for file in model.files if file.path == path)
    if model.gguf is not None:
        content["gguf"] = asdict(model.gguf)
    write_text(
        model.tokenizer.with_name("model.json"),
        json.dumps(content, indent=2) + "\n",
        mode=PUBLIC_FILE,
    )


def _file_fields(file: ModelFile) -> dict[str, Any]:
    return {"file": file.path.name, "size": file.size, "sha256": file.sha256}


def _parse(data: dict[str, Any], directory: Path) -> ModelDescription:
    if "licence" in data:  # version 0.1
        data["license"] = data.pop("licence")
    if "confidence" in data:
        data["calibration"] = _parse_calibration(**data.pop("confidence"))
    if "gguf" in data:
        data["gguf"] = GgufContent(**data["gguf"])
    lists = {name: tuple(data[name]) for name in ("layouts", "languages")}
    if data["format"] == "checkpoint":
        files = tuple(_parse_file(file, directory) for file in data.pop("files"))
        paths = {"weights": directory, "tokenizer": directory / "tokenizer.json"}
    else:
        files = tuple(_parse_file(data[part], directory) for part in ("weights", "tokenizer"))
        paths = {"weights": files[0].path, "tokenizer": files[1].path}
    description = ModelDescription(**{**data, **lists, **paths}, files=files)
    _check_types(description)
    return description


def _check_types(model: ModelDescription) -> None:
    texts = (model.name, model.family, model.default_layout, model.license, model.architecture)
    numbers = (
        *(model.context_window, model.context_tokens, model.prefix_tokens, model.suffix_tokens),
        *(file.size for file in model.files),
    )
    if not all(isinstance(text, str) for text in (*texts, *model.layouts, *model.languages)):
        raise ValueError("a text is none")
    if not all(type(number) is int and number > 0 for number in numbers):
        raise ValueError("a number is none")
    if model.format not in ("gguf", "checkpoint", "script"):
        raise ValueError("the format is not known")


def _parse_file(data: dict[str, Any], directory: Path) -> ModelFile:
    name = data["file"]
    if Path(name).name != name or name in ("", ".."):
        raise ValueError("a file is in another directory")
    return ModelFile(directory / name, data["size"], data["sha256"])


def _parse_calibration(intercept: float, slope: float) -> Calibration:
    if not (math.isfinite(intercept) and math.isfinite(slope) and slope > 0):
        raise ValueError("a calibration needs finite coefficients and a positive slope")
    return Calibration(float(intercept), float(slope))
