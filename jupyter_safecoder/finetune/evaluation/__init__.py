"""Evaluation of an adapter: held-out lines, memorization, acceptance."""
