"""Fixtures of the slow tests."""

from tests.support.fixtures.databases import postgres

__all__ = ["postgres"]
