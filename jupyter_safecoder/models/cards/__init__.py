"""The cards of models and adapters: what is known of them, for machines and for people."""

from .card import Base, CardFile, Corpus, ModelCard, Probe, Score, Section, card_schema
from .checks import Check, check_model
from .markdown import to_markdown
from .of_model import card_of_entry, card_of_model
from .own_words import OwnWords, read_own_words

__all__ = [
    "Base",
    "CardFile",
    "Check",
    "Corpus",
    "ModelCard",
    "OwnWords",
    "Probe",
    "Score",
    "Section",
    "card_of_entry",
    "card_of_model",
    "card_schema",
    "check_model",
    "read_own_words",
    "to_markdown",
]
