"""The pages of TOML files whose keys are options of dataclasses: recipe and policy."""

from __future__ import annotations

import json
from typing import Any

from jupyter_safecoder.finetune.recipe import Recipe
from jupyter_safecoder.hub.access.policy import AuditPolicy, Grant
from jupyter_safecoder.option import Option, options_of

from .markdown import code, table

_COLLECTIONS = (list, tuple, frozenset)


def recipe_page() -> str:
    """Return the page of the settings of a training."""
    return f"""
# Recipe

Keys of a recipe file (TOML) for `finetune --recipe`. Keys that are missing keep their defaults.

{_keys(Recipe)}
"""


def policy_page() -> str:
    """Return the page of the keys of a policy file."""
    return f"""
# Policy

Keys of the policy file (TOML) of the JupyterHub service. Keys that are missing keep their defaults;
an unknown key makes the file invalid. [The policy](../how-to/jupyterhub.md#the-policy) has an
example. `jupyter safecoder policy check` checks a file.

## groups.NAME

A table for each group of the JupyterHub; at least one is required. The first table whose group a
user is in counts.

{_keys(Grant)}

## audit

{_keys(AuditPolicy)}
"""


def _keys(cls: type) -> str:
    rows = [
        [code(option.name), _kind(option), _default(option), option.help]
        for option in options_of(cls)
    ]
    return table(["key", "type", "default", "meaning"], rows)


def _kind(option: Option) -> str:
    choices = " · ".join(code(value) if value else "(empty)" for value in option.choices)
    if option.type is dict:
        return f"table of shares: {choices}"
    if choices:
        return f"list of {choices}" if option.type in _COLLECTIONS else choices
    if option.type in _COLLECTIONS:
        return "list of texts"
    names = {bool: "`true` · `false`", str: "text", int: "integer", float: "number"}
    kind, low, high = names[option.type], option.minimum, option.maximum
    if low is not None and high is not None:
        return f"{kind}, {low:g} to {high:.10g}"
    return f"{kind}, {low:g} or more" if low is not None else kind


def _default(option: Option) -> str:
    return code(_toml(option)) if option.default or option.type in (int, float) else "(empty)"


def _toml(option: Option) -> str:
    value: Any = option.default
    if option.type is dict:
        return "{ " + ", ".join(f"{key} = {share}" for key, share in value.items()) + " }"
    if option.type in _COLLECTIONS:
        # A set has no order: that of the choices.
        return json.dumps([one for one in option.choices if one in value] or list(value))
    return str(value)
