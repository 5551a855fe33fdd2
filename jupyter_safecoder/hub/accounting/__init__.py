"""Audit log, usage counts, pseudonyms and events: what is recorded of each request."""
