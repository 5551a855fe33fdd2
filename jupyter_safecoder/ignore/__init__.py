"""What no corpus and no prompt takes from a project: ``.safecoderignore``, vendored directories."""

from .patterns import IgnorePatterns
from .rules import IGNORE_FILE, IgnoreRules, is_own_file
from .vendored import VENDORED

__all__ = ["IGNORE_FILE", "VENDORED", "IgnorePatterns", "IgnoreRules", "is_own_file"]
