"""Health check of the service in this container: the exit status is 0 if it responds."""

import os
from urllib.parse import urlsplit

import httpx

own = urlsplit(os.environ["JUPYTERHUB_SERVICE_URL"])
url = f"{own.scheme}://127.0.0.1:{own.port}{os.environ['JUPYTERHUB_SERVICE_PREFIX']}health"
# At the local address, for which the certificate is not valid, and without a proxy.
httpx.get(url, verify=False, trust_env=False, timeout=4).raise_for_status()  # noqa: S501
