"""Types notebooks key by key, and counts what the suggestions were worth."""
