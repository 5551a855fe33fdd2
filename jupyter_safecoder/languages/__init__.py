"""The languages of notebooks: how each is recognized, and how it is written. One table has both."""

from .recognition import language_of, language_of_file, language_of_program, notebook_language
from .table import StringForm, SyntaxRules, magic_languages, syntax_rules

__all__ = [
    "StringForm",
    "SyntaxRules",
    "language_of",
    "language_of_file",
    "language_of_program",
    "magic_languages",
    "notebook_language",
    "syntax_rules",
]
