"""JupyterHub in compose.yaml: people's servers are containers, SafeCoder a service beside it."""

import os

from jupyter_safecoder.hub import add_safecoder

c = get_config()  # type: ignore[name-defined]  # noqa: F821

# Yours: how people log in. As it is, nobody can.
# See "Authenticators" in JupyterHub's documentation.
#   c.JupyterHub.authenticator_class = "…"
# And who is in which group: by the authenticator, by the Hub's API, or
#   c.JupyterHub.load_groups = {"vision": {"users": ["…"]}}

add_safecoder(
    c,
    policy="/etc/safecoder/policy.toml",
    groups=["vision", "speech"],
    url="http://safecoder:8765",
    api_token=os.environ["SAFECODER_TOKEN"],
)

c.JupyterHub.hub_ip = "0.0.0.0"  # noqa: S104 - of a container, on a network without a way out
c.JupyterHub.hub_connect_ip = "hub"
c.JupyterHub.db_url = "sqlite:////srv/jupyterhub/jupyterhub.sqlite"
c.JupyterHub.cookie_secret_file = "/srv/jupyterhub/cookie_secret"  # noqa: S105
# A new Hub finds the proxy and people's servers as they were.
c.JupyterHub.cleanup_servers = False
c.ConfigurableHTTPProxy.should_start = False
c.ConfigurableHTTPProxy.api_url = "http://proxy:8001"

c.JupyterHub.spawner_class = "docker"
c.DockerSpawner.image = "safecoder-user"
c.DockerSpawner.pull_policy = "never"
c.DockerSpawner.network_name = "safecoder-people"
c.DockerSpawner.use_internal_ip = True
c.DockerSpawner.remove = True
c.DockerSpawner.volumes = {"safecoder-home-{username}": "/home/jovyan"}
c.DockerSpawner.mem_limit = "2G"
c.DockerSpawner.extra_host_config = {
    "cap_drop": ["ALL"],
    "security_opt": ["no-new-privileges:true"],
}
