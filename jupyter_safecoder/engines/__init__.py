"""Inference engines: token ids in, token ids out."""

from .engine import Engine, EngineOptions, EngineOutput, RemoteServer
from .registry import engine_names, make_engine

__all__ = [
    "Engine",
    "EngineOptions",
    "EngineOutput",
    "RemoteServer",
    "engine_names",
    "make_engine",
]
