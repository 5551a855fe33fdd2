"""A secret is not shown by accident."""

from __future__ import annotations

from jupyter_safecoder.secrets import PLACEHOLDERS, Secret


def test_the_representation_hides_the_value() -> None:
    assert "nachtigall" not in repr([Secret("nachtigall", "password")])


def test_placeholders_are_no_secrets_themselves() -> None:
    assert Secret("x", "key").placeholder in PLACEHOLDERS
    assert all(one.startswith("<") and one.endswith(">") for one in PLACEHOLDERS)
