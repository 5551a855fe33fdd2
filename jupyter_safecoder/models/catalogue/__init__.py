"""The catalogue of models: what can be had by name, from where, and which of it is on this disk."""

from .entry import CatalogueFile, Entry, HubPlace, PackagesPlace, Place, Quality, Speed
from .installed import (
    find_installed,
    installed_models,
    is_installed,
    is_model_name,
    model_directory,
)
from .read import find_entry, read_catalogue

__all__ = [
    "CatalogueFile",
    "Entry",
    "HubPlace",
    "PackagesPlace",
    "Place",
    "Quality",
    "Speed",
    "find_entry",
    "find_installed",
    "installed_models",
    "is_installed",
    "is_model_name",
    "model_directory",
    "read_catalogue",
]
