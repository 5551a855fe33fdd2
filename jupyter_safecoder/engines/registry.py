"""Engines by name; the heavy libraries are imported only for the one that is chosen."""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import entry_points
from typing import cast

from jupyter_safecoder.errors import EngineError
from jupyter_safecoder.models import ModelDescription

from .engine import Engine, EngineOptions

#: Name to ``module:class``.
_OWN = {
    "openvino": "jupyter_safecoder.engines.openvino:OpenVinoEngine",
    "transformers": "jupyter_safecoder.engines.transformers:TransformersEngine",
    "onnxruntime": "jupyter_safecoder.engines.onnxruntime:OnnxRuntimeEngine",
    "habana": "jupyter_safecoder.engines.habana:HabanaEngine",
    "neuron": "jupyter_safecoder.engines.neuron:NeuronEngine",
    "remote": "jupyter_safecoder.engines.remote.engine:RemoteEngine",
    "scripted": "jupyter_safecoder.engines.scripted:ScriptedEngine",
}

#: Packages add engines under this entry point: a class that takes a model and its options.
ENTRY_POINT = "jupyter_safecoder.engines"


def engine_names() -> tuple[str, ...]:
    """Return the names of our engines, then those of other packages."""
    return (*_OWN, *(entry.name for entry in entry_points(group=ENTRY_POINT)))


def make_engine(name: str, model: ModelDescription, options: EngineOptions) -> Engine:
    """Return an engine for a model, not loaded yet.

    Raises
    ------
    EngineError
        If there is no engine of that name, or its package cannot be imported.
    """
    if name in _OWN:
        module, _, attribute = _OWN[name].partition(":")
        return cast(Engine, getattr(import_module(module), attribute)(model, options))
    for entry in entry_points(group=ENTRY_POINT, name=name):
        try:
            engine = entry.load()
        except (ImportError, AttributeError) as error:
            raise EngineError(
                f"The engine {name!r} of {entry.value} cannot be imported ({error}).",
                "Install what its package needs, or choose another engine.",
            ) from error
        return cast(Engine, engine(model, options))
    raise EngineError(
        f"There is no engine named {name!r}.",
        f"Set c.SafeCoder.engine to auto or one of: {', '.join(engine_names())}.",
    )
