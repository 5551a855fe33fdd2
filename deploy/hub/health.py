"""Health check of the service in this container: the exit status is 0 if it responds."""

import os
import ssl
from urllib.parse import urlsplit
from urllib.request import HTTPSHandler, ProxyHandler, build_opener

own = urlsplit(os.environ["JUPYTERHUB_SERVICE_URL"])
url = f"{own.scheme}://127.0.0.1:{own.port}{os.environ['JUPYTERHUB_SERVICE_PREFIX']}health"
# At the local address, for which the certificate is not valid, and without a proxy.
context = ssl.create_default_context()
context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
build_opener(ProxyHandler({}), HTTPSHandler(context=context)).open(url, timeout=4)
