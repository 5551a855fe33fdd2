"""Keeps a library from importing another one that is slow to import and is not used here."""

from __future__ import annotations

import sys


def skip_scikit_learn() -> None:
    """Make scikit-learn unavailable in this process, unless it is imported already.

    transformers imports it, if it is there, for assisted decoding: two seconds at each start. Only
    a process that runs no code of users may call this, and before transformers is imported.
    """
    sys.modules.setdefault("sklearn", None)  # type: ignore[arg-type]
