"""Tasks that measure what the sources of context are worth, and how they were made."""
