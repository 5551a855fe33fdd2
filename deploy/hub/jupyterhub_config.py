"""JupyterHub in compose.yaml: users' servers are containers, SafeCoder is an external service."""

import os

from jupyter_safecoder.hub import add_safecoder

c = get_config()  # type: ignore[name-defined]  # noqa: F821

# Required: choose how users log in. Until then no user can.
# See "Authenticators" in JupyterHub's documentation.
#   c.JupyterHub.authenticator_class = "…"
# Also required: the members of the groups, by the authenticator, by JupyterHub's API, or
#   c.JupyterHub.load_groups = {"vision": {"users": ["…"]}}

add_safecoder(
    c,
    policy="/etc/safecoder/policy.toml",
    groups=["vision", "speech"],
    url="http://safecoder:8765",
    api_token=os.environ["SAFECODER_TOKEN"],
)

c.JupyterHub.hub_ip = "0.0.0.0"  # noqa: S104 - in a container, on an internal network
c.JupyterHub.hub_connect_ip = "hub"
c.JupyterHub.db_url = "sqlite:////srv/jupyterhub/jupyterhub.sqlite"
c.JupyterHub.cookie_secret_file = "/srv/jupyterhub/cookie_secret"  # noqa: S105
# A restarted Hub keeps the proxy and the users' servers.
c.JupyterHub.cleanup_servers = False
c.ConfigurableHTTPProxy.should_start = False
c.ConfigurableHTTPProxy.api_url = "http://proxy-api:8001"

c.JupyterHub.spawner_class = "docker"
c.DockerSpawner.image = "safecoder-user"
c.DockerSpawner.pull_policy = "never"
c.DockerSpawner.network_name = "safecoder-users"
c.DockerSpawner.use_internal_ip = True
c.DockerSpawner.remove = True
c.DockerSpawner.volumes = {"safecoder-home-{username}": "/home/jovyan"}
c.DockerSpawner.mem_limit = "2G"
c.DockerSpawner.extra_host_config = {
    "cap_drop": ["ALL"],
    "security_opt": ["no-new-privileges:true"],
    # Processes and threads of a user.
    "pids_limit": 1024,
}
