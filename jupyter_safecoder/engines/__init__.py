"""Engines: token ids in, token ids out."""

from .engine import Engine, EngineOptions, EngineOutput, EngineProblem, RemoteServer
from .registry import engine_names, make_engine

__all__ = [
    "Engine",
    "EngineOptions",
    "EngineOutput",
    "EngineProblem",
    "RemoteServer",
    "engine_names",
    "make_engine",
]
