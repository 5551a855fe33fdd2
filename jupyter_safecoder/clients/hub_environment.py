"""Environment variables from which a user's server on a JupyterHub knows the SafeCoder service."""

from __future__ import annotations

#: URL of the service.
URL_VARIABLE = "JUPYTER_SAFECODER_SERVICE_URL"
#: API token of a user's server, or of the service, as JupyterHub sets it.
TOKEN_VARIABLE = "JUPYTERHUB_API_TOKEN"  # noqa: S105
