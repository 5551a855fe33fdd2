"""How the messages are written as JSON."""

from __future__ import annotations

import json
from typing import Any


def dump(data: Any) -> bytes:
    """Return compact JSON, in ASCII."""
    # ensure_ascii: a lone surrogate is then an escape instead of an encoding error.
    return json.dumps(data, ensure_ascii=True, separators=(",", ":")).encode("ascii")
