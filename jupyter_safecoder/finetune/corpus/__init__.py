"""The training corpus: find files, filter, deduplicate, redact, hold out."""
