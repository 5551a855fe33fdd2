"""Inference engines: token ids in, token ids out."""

from .engine import (
    Candidate,
    CandidateEngine,
    Engine,
    EngineOptions,
    EngineOutput,
    RemoteServer,
)
from .registry import engine_names, make_engine

__all__ = [
    "Candidate",
    "CandidateEngine",
    "Engine",
    "EngineOptions",
    "EngineOutput",
    "RemoteServer",
    "engine_names",
    "make_engine",
]
