"""Environment variables from which a user's server on a JupyterHub knows the SafeCoder service."""

from __future__ import annotations

#: URL of the service.
URL_VARIABLE = "JUPYTER_SAFECODER_SERVICE_URL"
#: A token of the server's user that opens the service and nothing else. The server's own token,
#: which opens the server, is never sent: another process may listen at the service's address.
SERVICE_TOKEN_VARIABLE = "JUPYTER_SAFECODER_SERVICE_TOKEN"  # noqa: S105
#: API token of the service itself, as JupyterHub sets it.
TOKEN_VARIABLE = "JUPYTERHUB_API_TOKEN"  # noqa: S105
