"""The checkpoint of the tests of models."""

from tests.support.fixtures.models import checkpoint, intact_checkpoint

__all__ = ["checkpoint", "intact_checkpoint"]
