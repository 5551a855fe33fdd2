"""The page of the server extension's traits."""

from __future__ import annotations

from typing import Any

from jupyter_safecoder.extension import SafeCoder
from jupyter_safecoder.option import options_of
from jupyter_safecoder.settings import RuntimeSettings

from .markdown import code, table


def settings_page() -> str:
    """Return the page of the server extension's traits."""
    rows = []
    for name, trait in sorted(SafeCoder.class_own_traits(config=True).items()):
        rows.append([code(f"c.SafeCoder.{name}"), _kind(trait), _default(trait), trait.help])
    inherited = SafeCoder.class_traits(config=True)
    runtime = [
        [code(f"c.SafeCoder.{name}"), _kind(trait), _default(trait), trait.help]
        for name, trait in sorted(inherited.items())
        if name in {option.name for option in options_of(RuntimeSettings)}
    ]
    return f"""
# Settings

Traits of the server extension, for `jupyter_server_config.py`, or as `--SafeCoder.name=value` on
the command line of `jupyter lab`.

## The extension

{table(["trait", "type", "default", "meaning"], rows)}

## The runtime

Times are in seconds, sizes in bytes.

{table(["trait", "type", "default", "meaning"], runtime)}

If `cache_dir` is empty, the variable `$JUPYTER_SAFECODER_CACHE` names the cache directory.
"""


def _kind(trait: Any) -> str:
    values = getattr(trait, "values", None)
    if values:
        return " · ".join(code(value) if value else "(empty)" for value in values)
    names = {
        "List": "list of texts",
        "Unicode": "text",
        "Bool": "true or false",
        "Int": "integer",
        "Float": "number",
    }
    kind = names[type(trait).__name__]
    bounds = (getattr(trait, "min", None), getattr(trait, "max", None))
    low, high = (None if b is None or abs(b) == float("inf") else b for b in bounds)
    if low is not None and high is not None:
        return f"{kind}, {low:g} to {high:g}"
    return f"{kind}, {low:g} or more" if low is not None else kind


def _default(trait: Any) -> str:
    value = trait.default()
    return "(empty)" if value in ("", []) else code(value)
