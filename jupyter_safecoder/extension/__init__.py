"""The Jupyter Server extension: traits, endpoints that relay requests, start of the runtime."""

from .app import SafeCoder

__all__ = ["SafeCoder"]
