"""Selects the engine, device and precision that run a model on this machine."""
