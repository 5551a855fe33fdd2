"""Measures quality and speed of completions: infilling tasks, typing, concurrent users."""
