"""Engines by name. The libraries of an engine are imported only when it is made."""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import entry_points
from typing import cast

from jupyter_safecoder.errors import EngineError
from jupyter_safecoder.models import ModelDescription

from .engine import Engine, EngineOptions

#: Engines of this package: name to ``module:class``.
_ENGINES = {
    "openvino": "jupyter_safecoder.engines.openvino:OpenVinoEngine",
    "transformers": "jupyter_safecoder.engines.transformers:TransformersEngine",
    "onnxruntime": "jupyter_safecoder.engines.onnxruntime:OnnxRuntimeEngine",
    "habana": "jupyter_safecoder.engines.habana:HabanaEngine",
    "neuron": "jupyter_safecoder.engines.neuron:NeuronEngine",
    "remote": "jupyter_safecoder.engines.remote.engine:RemoteEngine",
    "scripted": "jupyter_safecoder.engines.scripted:ScriptedEngine",
}

#: Other packages register engines under this entry point: classes that take a model and options.
ENTRY_POINT = "jupyter_safecoder.engines"


def engine_names() -> tuple[str, ...]:
    """Return the names of all engines: those of this package first, then those of others."""
    return (*_ENGINES, *(entry.name for entry in entry_points(group=ENTRY_POINT)))


def make_engine(name: str, model: ModelDescription, options: EngineOptions) -> Engine:
    """Return an engine that is not loaded yet.

    Parameters
    ----------
    name
        One of :func:`engine_names`.
    model
        The model to run.
    options
        How to run it.

    Raises
    ------
    EngineError
        If there is no engine of that name, or its package cannot be imported.
    """
    if name in _ENGINES:
        module, _, attribute = _ENGINES[name].partition(":")
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
