"""The Jupyter Server extension: traits, authentication, gateway; it starts the runtime."""

from .app import SafeCoder

__all__ = ["SafeCoder"]
