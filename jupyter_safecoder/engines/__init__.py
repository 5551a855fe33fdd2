"""Engines: token ids in, token ids out."""

from .engine import Engine, EngineOutput, EngineProblem
from .registry import ENGINES, make_engine

__all__ = ["ENGINES", "Engine", "EngineOutput", "EngineProblem", "make_engine"]
