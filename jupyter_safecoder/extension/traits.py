"""Traits of the server extension, one for each setting of a runtime."""

from __future__ import annotations

from typing import Any

from traitlets import Bool, Enum, Float, Int, List, TraitType, Unicode
from traitlets.config import Configurable

from jupyter_safecoder.option import Option, options_of
from jupyter_safecoder.settings import RuntimeSettings


def _trait(option: Option) -> TraitType[Any, Any]:
    """Return the configurable trait of an option."""
    trait: TraitType[Any, Any]
    if option.choices:
        trait = Enum(option.choices, default_value=option.default, help=option.help)
    elif option.type is bool:
        trait = Bool(option.default, help=option.help)
    elif option.type is int:
        trait = Int(option.default, help=option.help, **_bounds(option))
    elif option.type is float:
        trait = Float(option.default, help=option.help, **_bounds(option))
    elif option.type is tuple:
        trait = List(Unicode(), list(option.default), help=option.help)
    else:
        trait = Unicode(option.default, help=option.help)
    return trait.tag(config=True)


def _bounds(option: Option) -> dict[str, Any]:
    bounds = {"min": option.minimum, "max": option.maximum}
    return {name: value for name, value in bounds.items() if value is not None}


class RuntimeTraits(Configurable):
    """A configurable trait for each option of a runtime's settings."""

    vars().update({option.name: _trait(option) for option in options_of(RuntimeSettings)})
