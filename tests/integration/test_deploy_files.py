"""The deployment files of the Hub's service: valid, consistent, up to date.

No Docker and no Kubernetes is needed; what runs of them is in ``test_external_service.py``.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import kubernetes_validate
import pytest
import yaml
from traitlets.config import Config
from traitlets.config.loader import PyFileConfigLoader

from jupyter_safecoder.cli import main as cli
from jupyter_safecoder.cli.options import settings
from jupyter_safecoder.clients.hub_environment import SERVICE_TOKEN_VARIABLE, URL_VARIABLE
from jupyter_safecoder.hub import add_safecoder
from jupyter_safecoder.hub.access.policy_parser import parse_policy
from jupyter_safecoder.hub.constants import COMPLETE, DATABASE_VARIABLE, SERVICE, TRAIN
from tests.support.deployments import (
    DEPLOYMENTS,
    SECRET,
    Deployment,
    container,
    instruction,
    instructions,
    of_kind,
    read,
)
from tests.support.paths import DEPLOY_HUB, DEPLOY_REMOTE, ROOT
from tests.support.spawners import FakeSpawner

DOCKERFILES = sorted(path.name for path in DEPLOY_HUB.glob("*.Dockerfile"))
WORKLOADS = [("one-replica.yaml", "Deployment"), ("vllm.yaml", "StatefulSet")]
POLICY = parse_policy((DEPLOY_HUB / "policy.toml").read_text())
PORT = 8765
each_deployment = pytest.mark.parametrize("name", DEPLOYMENTS)
each_workload = pytest.mark.parametrize(("name", "kind"), WORKLOADS)


def options(deployment: Deployment) -> Any:
    """Return the arguments of a command; an invalid command ends the test."""
    assert Path(deployment.command[0]).name == "jupyter"
    assert deployment.command[1] == "safecoder"
    return cli.build_parser().parse_args(deployment.command[2:])


@each_deployment
def test_the_command_is_valid(name: str) -> None:
    deployment = DEPLOYMENTS[name]()
    parsed = options(deployment)
    assert deployment.command[2] == "hub"
    assert parsed.policy == Path("/etc/safecoder/policy.toml")
    assert parsed.state == Path("/var/lib/safecoder")
    if name == "vllm":
        assert settings(parsed).remote


@each_deployment
def test_the_environment_is_that_of_an_external_service(name: str) -> None:
    deployment = DEPLOYMENTS[name]()
    environment = deployment.environment
    assert environment["JUPYTERHUB_API_TOKEN"]
    assert urlsplit(environment["JUPYTERHUB_API_URL"]).path == "/hub/api"
    assert environment["JUPYTERHUB_SERVICE_NAME"] == SERVICE
    assert environment["JUPYTERHUB_CLIENT_ID"] == f"service-{SERVICE}"
    assert environment["JUPYTERHUB_SERVICE_PREFIX"] == f"/services/{SERVICE}/"
    listens = urlsplit(environment["JUPYTERHUB_SERVICE_URL"])
    assert (listens.hostname, listens.port) == ("0.0.0.0", PORT)
    assert (listens.scheme == "https") == bool(options(deployment).certificate)
    # Adapters are in the cache: it is in what survives.
    state = re.sub("^%S", "/var/lib", environment["JUPYTER_SAFECODER_CACHE"])
    assert state == "/var/lib/safecoder/cache"
    assert environment["DO_NOT_TRACK"] == environment["HF_HUB_DISABLE_TELEMETRY"] == "1"


def test_the_guide_names_the_whole_environment() -> None:
    guide = (ROOT / "docs/how-to/jupyterhub-operations.md").read_text()
    for name in read("compose.yaml")["services"]["safecoder"]["environment"]:
        assert f"`{name}`" in guide


def test_a_database_s_password_comes_by_the_environment() -> None:
    url = DEPLOYMENTS["compose"]().environment[DATABASE_VARIABLE]
    assert url == f"postgresql+pg8000://safecoder:{SECRET}@database/safecoder"
    assert DEPLOYMENTS["vllm"]().environment[DATABASE_VARIABLE] == SECRET
    for name in DEPLOYMENTS:
        assert "--database" not in DEPLOYMENTS[name]().command


def test_the_database_of_the_environment_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(DATABASE_VARIABLE, "sqlite:///of-the-environment")
    command = ["hub", "--policy", "policy.toml"]
    assert cli.build_parser().parse_args(command).database == "sqlite:///of-the-environment"
    assert cli.build_parser().parse_args([*command, "--database", "x"]).database == "x"


# Compose


def test_compose_follows_its_schema() -> None:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec"]
    done = subprocess.run(
        [*command, DEPLOY_HUB / "compose.yaml"], text=True, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stdout


def test_compose_names_existing_files_and_networks() -> None:
    whole = read("compose.yaml")
    for service in whole["services"].values():
        if build := service.get("build"):
            assert (DEPLOY_HUB / build["context"] / build["dockerfile"]).is_file()
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            assert (DEPLOY_HUB / source).is_file() if source[0] == "." else True
            assert source[0] in "./" or source in whole["volumes"]
        assert set(service.get("networks", [])) <= set(whole["networks"])


def test_compose_has_no_secret_of_its_own() -> None:
    for service in read("compose.yaml")["services"].values():
        for name, value in service.get("environment", {}).items():
            if re.search("TOKEN|PASSWORD|DATABASE$", name):
                assert re.search(r"\$\{\w+:\?", value), name
    assert "/deploy/hub/.env" in (ROOT / ".gitignore").read_text().splitlines()


def test_compose_s_service_has_a_read_only_root_and_an_internal_network() -> None:
    whole = read("compose.yaml")
    service = whole["services"]["safecoder"]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert all(whole["networks"][name]["internal"] for name in service["networks"])
    assert "ports" not in service


def test_only_the_hub_reaches_the_routes_of_compose_s_proxy() -> None:
    whole = read("compose.yaml")
    networks = whole["services"]["proxy"]["networks"]
    [control] = [name for name, own in networks.items() if "proxy-api" in own.get("aliases", ())]
    members = [
        name
        for name, service in whole["services"].items()
        if control in service.get("networks", ())
    ]
    assert members == ["proxy", "hub"]
    assert whole["networks"][control]["internal"] is True
    # DockerSpawner puts users' servers into another one.
    assert "name" not in whole["networks"][control]


def test_processes_are_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, service in read("compose.yaml")["services"].items():
        assert service.get("pids_limit") or name == "user"
    configured = hub_configuration(monkeypatch).DockerSpawner.extra_host_config
    assert configured["pids_limit"] > 0
    assert "TasksMax=" in (DEPLOY_HUB / "safecoder.service").read_text()


def hub_configuration(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return what jupyterhub_config.py says, read as JupyterHub reads it."""
    monkeypatch.setenv("SAFECODER_TOKEN", SECRET)
    return PyFileConfigLoader("jupyterhub_config.py", path=str(DEPLOY_HUB)).load_config()


def test_the_hub_of_compose_knows_its_neighbours(monkeypatch: pytest.MonkeyPatch) -> None:
    c = hub_configuration(monkeypatch)
    whole = read("compose.yaml")
    services = whole["services"]
    [service] = c.JupyterHub.services.get_value([])
    assert urlsplit(service["url"]).hostname in services
    assert urlsplit(service["url"]).port == PORT
    assert service["api_token"] == SECRET
    assert "command" not in service
    environment = c.Spawner.environment.get_value({})
    assert set(environment) == {URL_VARIABLE, SERVICE_TOKEN_VARIABLE}
    assert environment[URL_VARIABLE] == f"{service['url']}/services/{SERVICE}/"
    assert c.JupyterHub.hub_connect_ip in services
    proxy = urlsplit(c.ConfigurableHTTPProxy.api_url)
    assert f"--api-port={proxy.port}" in services["proxy"]["command"]
    assert f"--api-ip={proxy.hostname}" in services["proxy"]["command"]
    assert c.DockerSpawner.network_name == whole["networks"]["users"]["name"]
    assert c.DockerSpawner.image == services["user"]["image"]
    assert {"SAFECODER_TOKEN", "CONFIGPROXY_AUTH_TOKEN"} <= set(services["hub"]["environment"])
    [role] = c.JupyterHub.load_roles.get_value([])
    assert role["groups"] == list(POLICY.groups)


# Kubernetes


@pytest.mark.parametrize(
    "path",
    [*(DEPLOY_HUB / "kubernetes").glob("*.yaml"), *DEPLOY_REMOTE.glob("*.yaml")],
    ids=lambda path: f"{path.parent.name}/{path.name}",
)
def test_manifests_follow_kubernetes_schemas(path: Path) -> None:
    version = kubernetes_validate.latest_version()
    for content in yaml.safe_load_all(path.read_text()):
        # Not Kubernetes' own: the values of a chart, and KubeRay's cluster.
        if path.name == "values.yaml" or content["kind"] == "RayCluster":
            continue
        kubernetes_validate.validate(content, version, strict=True)


@each_workload
def test_pods_have_no_rights(name: str, kind: str) -> None:
    spec = of_kind(name, kind)["spec"]["template"]["spec"]
    own = container(name, kind)
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert (
        str(spec["securityContext"]["runAsUser"])
        == instruction("cpu.Dockerfile", "USER").partition(":")[0]
    )
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert spec["automountServiceAccountToken"] is False
    assert own["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }


@each_workload
def test_pods_have_what_the_service_reads_and_writes(name: str, kind: str) -> None:
    whole = of_kind(name, kind)["spec"]
    own = container(name, kind)
    volumes = {each["name"] for each in whole["template"]["spec"]["volumes"]}
    volumes |= {each["metadata"]["name"] for each in whole.get("volumeClaimTemplates", [])}
    mounts = {each["mountPath"]: each for each in own["volumeMounts"]}
    assert {each["name"] for each in mounts.values()} == volumes
    assert {"/var/lib/safecoder", "/etc/safecoder", "/tmp"} <= set(mounts)
    assert not mounts["/var/lib/safecoder"].get("readOnly")
    # A file that is mounted alone does not follow a change of the policy.
    assert "subPath" not in mounts["/etc/safecoder"]
    for argument in own.get("args", []):
        value = argument.partition("=")[2]
        assert not value.startswith("/") or any(value.startswith(path) for path in mounts)
    for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
        assert own[probe]["httpGet"] == {"path": f"/services/{SERVICE}/health", "port": "http"}


def test_one_audit_log_has_one_writer() -> None:
    one = of_kind("one-replica.yaml", "Deployment")["spec"]
    assert one["replicas"] == 1
    assert one["strategy"] == {"type": "Recreate"}
    several = of_kind("vllm.yaml", "StatefulSet")["spec"]
    [claim] = several["volumeClaimTemplates"]
    [mount] = [m for m in container(*WORKLOADS[1])["volumeMounts"] if m["name"] == "state"]
    assert claim["metadata"]["name"] == mount["name"]


@each_workload
def test_networks_and_ports_agree(name: str, kind: str) -> None:
    own = container(name, kind)
    template = of_kind(name, kind)["spec"]["template"]["metadata"]["labels"]
    service = of_kind("service.yaml", "Service")["spec"]
    policy = of_kind("service.yaml", "NetworkPolicy")["spec"]
    assert own["ports"] == [{"name": "http", "containerPort": PORT}]
    assert service["ports"] == [{"name": "http", "port": PORT, "targetPort": "http"}]
    for selector in (service["selector"], policy["podSelector"]["matchLabels"]):
        assert selector.items() <= template.items()
    # By this label the chart's Hub answers.
    assert template["hub.jupyter.org/network-access-hub"] == "true"
    [ingress] = policy["ingress"]
    assert [port["port"] for port in ingress["ports"]] == [PORT]
    [source] = ingress["from"]
    assert source["podSelector"]["matchExpressions"][0]["values"] == [
        "singleuser-server",
        "hub",
        "proxy",
    ]
    hub = urlsplit({e["name"]: e.get("value") for e in own["env"]}["JUPYTERHUB_API_URL"])
    assert policy["egress"][0]["ports"] == [{"port": hub.port, "protocol": "TCP"}]
    assert instruction("cpu.Dockerfile", "EXPOSE") == str(PORT)


def test_the_values_of_the_chart_say_what_add_safecoder_says() -> None:
    values = read("kubernetes/values.yaml")
    url = values["hub"]["services"][SERVICE]["url"]
    ours = Config()
    ours.JupyterHub.services, ours.JupyterHub.load_roles = [], []
    ours.JupyterHub.custom_scopes, ours.Spawner.environment = {}, {}
    add_safecoder(
        *(ours, "policy.toml", list(POLICY.groups), url),
        api_token=SECRET,
        trainers=["ada"],
        admins=["dana"],
    )
    chart = Config()
    chart.JupyterHub.custom_scopes = {}
    chart.KubeSpawner.environment = dict(values["singleuser"]["extraEnv"])
    [code] = values["hub"]["extraConfig"].values()
    exec(compile(code, "extraConfig", "exec"), {"c": chart})
    assert chart.JupyterHub.custom_scopes == ours.JupyterHub.custom_scopes
    # The chart adds the names, which are the keys, and the token.
    services = [{"name": n, **s} for n, s in values["hub"]["services"].items()]
    assert [{**s, "api_token": SECRET} for s in services] == ours.JupyterHub.services
    of_chart = [{"name": name, **role} for name, role in values["hub"]["loadRoles"].items()]
    assert of_chart == ours.JupyterHub.load_roles
    environments = [dict(chart.KubeSpawner.environment), dict(ours.Spawner.environment)]
    tokens = [environment.pop(SERVICE_TOKEN_VARIABLE) for environment in environments]
    assert environments[0] == environments[1]
    for allowed in ([], [COMPLETE], [COMPLETE, TRAIN]):
        spawners = [FakeSpawner(allowed), FakeSpawner(allowed)]
        given = [token(spawner) for token, spawner in zip(tokens, spawners, strict=True)]
        assert given[0] == given[1]
        assert bool(given[0]) is bool(allowed)
        assert spawners[0].user.deleted == spawners[1].user.deleted == ["old"]
    assert urlsplit(url).port == PORT
    assert urlsplit(url).hostname == of_kind("service.yaml", "Service")["metadata"]["name"]
    [egress] = values["singleuser"]["networkPolicy"]["egress"]
    labels = of_kind("service.yaml", "NetworkPolicy")["spec"]["podSelector"]["matchLabels"]
    assert egress["to"] == [{"podSelector": {"matchLabels": labels}}]
    assert egress["ports"] == [{"port": PORT, "protocol": "TCP"}]


def test_the_service_s_token_is_the_chart_s() -> None:
    for name, kind in WORKLOADS:
        [token] = [e for e in container(name, kind)["env"] if e["name"] == "JUPYTERHUB_API_TOKEN"]
        assert token["valueFrom"]["secretKeyRef"] == {
            "name": "hub",
            "key": f"hub.services.{SERVICE}.apiToken",
        }


def test_policies_are_policies_and_name_the_same_groups() -> None:
    configuration = of_kind("service.yaml", "ConfigMap")["data"]["policy.toml"]
    assert list(parse_policy(configuration).groups) == list(POLICY.groups)


def test_what_vllm_s_balancer_is_called() -> None:
    arguments = options(DEPLOYMENTS["vllm"]())
    router = yaml.safe_load_all((DEPLOY_REMOTE / "vllm.yaml").read_text())
    [service] = [
        o for o in router if o["kind"] == "Service" and o["metadata"]["name"] == "safecoder-router"
    ]
    url = urlsplit(arguments.remote_url)
    assert url.hostname == f"safecoder-router.{service['metadata'].get('namespace')}.svc"
    assert url.port == service["spec"]["ports"][0]["port"]


# Images and the unit


@pytest.mark.parametrize("name", DOCKERFILES)
def test_images_copy_existing_files_and_contain_no_secret(name: str) -> None:
    for word, rest in instructions(name):
        if word == "COPY":
            assert (ROOT / rest.split()[0]).is_file()
        for source in re.findall(r"type=bind,source=(\S+?),", rest):
            assert (ROOT / source).is_file()
        if word in ("ARG", "ENV"):
            assert not re.search("TOKEN|PASSWORD|SECRET", rest)


@pytest.mark.parametrize("name", ["cpu.Dockerfile", "cuda.Dockerfile", "user.Dockerfile"])
def test_images_do_not_run_as_root(name: str) -> None:
    user = instruction(name, "USER")
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", user)


@pytest.mark.parametrize("name", ["hub.Dockerfile", "user.Dockerfile"])
def test_hub_and_servers_have_the_jupyterhub_that_is_tested(name: str) -> None:
    version = instruction(name, "ARG").removeprefix("JUPYTERHUB=")
    assert f"jupyterhub=={version}" in (ROOT / "constraints.txt").read_text().splitlines()


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="There is no systemd here.")
def test_the_unit_is_one(tmp_path: Path) -> None:
    unit = tmp_path / "safecoder.service"
    text = (DEPLOY_HUB / "safecoder.service").read_text()
    unit.write_text(text.replace("/opt/safecoder/bin/jupyter", sys.executable))
    command = ["systemd-analyze", "verify", "--man=no", str(unit)]
    done = subprocess.run(command, text=True, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
