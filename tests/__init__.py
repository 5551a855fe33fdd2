"""Tests of jupyter_safecoder."""
