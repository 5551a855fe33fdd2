"""Each setting of a runtime is a trait of the server extension."""

from __future__ import annotations

import pytest
from traitlets import TraitError

from jupyter_safecoder.extension.traits import RuntimeTraits
from jupyter_safecoder.option import options_of
from jupyter_safecoder.settings import RuntimeSettings


@pytest.mark.parametrize("declared", options_of(RuntimeSettings), ids=lambda found: found.name)
def test_a_trait_has_the_default_and_the_help_of_its_option(declared: object) -> None:
    name, default, text = (getattr(declared, key) for key in ("name", "default", "help"))
    trait = RuntimeTraits.class_traits(config=True)[name]
    value = getattr(RuntimeTraits(), name)
    assert (tuple(value) if isinstance(default, tuple) else value) == default
    assert trait.help == text


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("lookup_tokens", -1),
        ("lookup_tokens", 17),
        ("max_running", 0),
        ("deadline_s", -1.0),
        ("precision", "int2"),
        ("allow_downloads", "yes"),
        ("model", 5),
    ],
)
def test_a_trait_has_the_bounds_of_its_option(name: str, value: object) -> None:
    with pytest.raises(TraitError):
        RuntimeTraits(**{name: value})
