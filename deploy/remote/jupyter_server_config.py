"""The Jupyter side: the model runs on a remote server, behind a load balancer."""

c = get_config()  # type: ignore[name-defined]  # noqa: F821

# The checkpoint's tokenizer.json and config.json, without weights.
c.SafeCoder.model = "/models/starcoder2-15b"
c.SafeCoder.remote_url = "https://safecoder-router.safecoder.svc:8443"
c.SafeCoder.remote_model = "starcoder2-15b"
c.SafeCoder.remote_key_file = "/run/secrets/safecoder/key"
c.SafeCoder.remote_ca_file = "/run/secrets/safecoder/ca.pem"
c.SafeCoder.max_running = 8
c.LabApp.news_url = None
c.LabApp.check_for_updates_class = "jupyterlab.NeverCheckForUpdate"
