"""Names that a JupyterHub and its SafeCoder service have in common: the service and its scopes."""

from __future__ import annotations

from typing import Any

SERVICE = "safecoder"
COMPLETE = "custom:safecoder:complete"
TRAIN = "custom:safecoder:train"
METRICS = "custom:safecoder:metrics"
ADMIN = "custom:safecoder:admin"
#: For JupyterHub's ``custom_scopes``.
SCOPES: dict[str, dict[str, Any]] = {
    COMPLETE: {"description": "Request completions from SafeCoder"},
    TRAIN: {"description": "Fine-tune SafeCoder for a group", "subscopes": [COMPLETE]},
    METRICS: {"description": "Read SafeCoder's metrics"},
    ADMIN: {"description": "Administer SafeCoder", "subscopes": [TRAIN, METRICS]},
}
#: URL of the service's database. It has a password, which a command line would show to all users.
DATABASE_VARIABLE = "JUPYTER_SAFECODER_DATABASE"


def access_scope(service: str) -> str:
    """Return JupyterHub's scope for access to a service."""
    return f"access:services!service={service}"
