"""``.safecoderignore``: what is neither completed, nor context of others, nor learned."""

from .documents import ExclusionReason, IgnoredDocuments
from .patterns import IgnorePatterns
from .rules import IGNORE_FILE, IgnoreRules, is_own, rules_above, rules_in
from .vendored import VENDORED

__all__ = [
    "IGNORE_FILE",
    "VENDORED",
    "ExclusionReason",
    "IgnorePatterns",
    "IgnoreRules",
    "IgnoredDocuments",
    "is_own",
    "rules_above",
    "rules_in",
]
