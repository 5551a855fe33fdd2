"""Secrets and personal data in notebooks, replaced by placeholders; pure functions over text."""
