"""Engines by name; the heavy libraries are imported only for the one that is chosen."""

from __future__ import annotations

from importlib import import_module
from typing import cast

from ..models import ModelDescription
from .engine import Engine

#: Name to ``module:class``.
ENGINES = {
    "openvino": "jupyter_safecoder.engines.openvino:OpenVinoEngine",
    "scripted": "jupyter_safecoder.engines.scripted:ScriptedEngine",
}


def make_engine(name: str, model: ModelDescription) -> Engine:
    """Return an engine for a model, not loaded yet."""
    module, _, attribute = ENGINES[name].partition(":")
    return cast(Engine, getattr(import_module(module), attribute)(model))
