"""Reads from a model's files what it was made of, where they say it in a known form.

Sources: the Hugging Face Hub's document "Model Cards" (``base_model``), and the GGUF specification
(``general.base_model.0.*``).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Literal

from jupyter_safecoder.models.checkpoint import read_front_matter
from jupyter_safecoder.models.description import ModelDescription
from jupyter_safecoder.models.gguf.header import read_header

from .card import Base

_NAME = r"[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95}"
_BASE_MODEL = re.compile(rf"^base_model:(?: *|\s*- *)[\"']?({_NAME})", re.MULTILINE)
_RELATION = re.compile(r"^base_model_relation: *[\"']?(finetune|quantized|adapter)\b", re.MULTILINE)
_REPOSITORY = re.compile(rf"https://huggingface\.co/({_NAME})/?")
_MAX_NAME = 200
_Relation = Literal["finetune", "quantized", "adapter"]
_RELATIONS: dict[str, _Relation] = {
    "finetune": "finetune",
    "quantized": "quantized",
    "adapter": "adapter",
}


def read_base(model: ModelDescription) -> Base | None:
    """Return what a model was made of; ``None``: its files do not say it."""
    if model.format == "checkpoint":
        return _of_front_matter(read_front_matter(model.weights))
    if model.format == "gguf":
        try:
            fields, _ = read_header(model.weights)
        except (OSError, ValueError, ImportError):
            return None
        return base_of_fields(fields)
    return None


def _of_front_matter(text: str) -> Base | None:
    found = _BASE_MODEL.search(text)
    if found is None:
        return None
    relation = _RELATION.search(text)
    repository = found[1]
    kind = _RELATIONS[relation[1]] if relation else "finetune"
    return Base(repository.partition("/")[2], kind, repository=repository)


def base_of_fields(fields: Mapping[str, Any]) -> Base | None:
    """Return what a GGUF was made of, by the fields of its header; ``None``: they do not say it."""
    name, url = (fields.get(f"general.base_model.0.{key}") for key in ("name", "repo_url"))
    repository = _REPOSITORY.fullmatch(url) if isinstance(url, str) else None
    if not (isinstance(name, str) and name):
        name = repository[1].partition("/")[2] if repository else None
    if not isinstance(name, str):
        return None
    return Base(name[:_MAX_NAME], "quantized", repository=repository[1] if repository else None)
