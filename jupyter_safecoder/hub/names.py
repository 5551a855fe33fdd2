"""Names that a Hub, its service and its users' servers must agree on."""

from __future__ import annotations

SERVICE = "safecoder"
COMPLETE = "custom:safecoder:complete"
TRAIN = "custom:safecoder:train"
METRICS = "custom:safecoder:metrics"
ADMIN = "custom:safecoder:admin"
#: As JupyterHub's ``custom_scopes`` takes them.
SCOPES = {
    COMPLETE: {"description": "Ask SafeCoder for completions"},
    TRAIN: {"description": "Fine-tune SafeCoder for a group", "subscopes": [COMPLETE]},
    METRICS: {"description": "Read SafeCoder's metrics"},
    ADMIN: {"description": "Administer SafeCoder", "subscopes": [TRAIN, METRICS]},
}
#: With which a Hub tells its users' servers where the service is.
URL_VARIABLE = "JUPYTER_SAFECODER_SERVICE_URL"
#: The token of a user's server, and of the service, as JupyterHub gives it.
TOKEN_VARIABLE = "JUPYTERHUB_API_TOKEN"  # noqa: S105
#: The service's database: its URL has a password, which a command line would show to everybody.
DATABASE_VARIABLE = "JUPYTER_SAFECODER_DATABASE"


def access_scope(service: str) -> str:
    """Return the scope that opens a service's doors; some of the Hub's documents misspell it."""
    return f"access:services!service={service}"
