"""GGUF files: described, read as checkpoints, and written."""
