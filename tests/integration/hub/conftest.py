"""Fixtures of the tests of the Hub's service."""

from tests.support.fixtures.databases import close_databases

__all__ = ["close_databases"]
