"""What add_safecoder() writes into a JupyterHub's configuration."""

from __future__ import annotations

import os
import pwd
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from traitlets.config import Config

from jupyter_safecoder.child_process import module_command
from jupyter_safecoder.clients.hub_environment import SERVICE_TOKEN_VARIABLE, URL_VARIABLE
from jupyter_safecoder.clients.service_address import ServiceAddress
from jupyter_safecoder.clients.socket_trust import check_directory
from jupyter_safecoder.hub import add_safecoder, local_service
from jupyter_safecoder.hub.constants import ADMIN, COMPLETE, SCOPES, TRAIN, access_scope
from tests.support.spawners import FakeSpawner


@pytest.fixture(autouse=True)
def own_paths(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """Keep a Hub of root out of /run, and release the ports afterwards."""
    monkeypatch.setattr(local_service, "_ROOT_DIRECTORY", tmp_path / "run")
    monkeypatch.setattr(local_service, "_RESERVED", reserved := dict[Any, Any]())
    yield
    for port in reserved.values():
        port.close()


def configured(**options: Any) -> Any:
    """Return the configuration, as JupyterHub reads it."""
    c = Config()
    given = {"arguments": [], **options}
    given["arguments"] = [*given["arguments"], "--allow-root"]
    add_safecoder(c, "/etc/policy.toml", ["vision", "speech"], **given)
    return c


def roles(c: Any) -> dict[str, dict[str, Any]]:
    return {role["name"]: role for role in c.JupyterHub.load_roles.get_value([])}


def test_the_hub_starts_the_service_with_its_policy() -> None:
    [service] = configured(arguments=["--state", "/var/lib"]).JupyterHub.services.get_value([])
    command = service["command"]
    start = module_command("jupyter_safecoder", "hub")
    assert command[: len(start)] == start
    assert command[len(start) :][:3] == ["--policy", "/etc/policy.toml", "--end-with-parent"]
    assert command[-3:] == ["--state", "/var/lib", "--allow-root"]
    assert "api_token" not in service
    # An administrator's login is confirmed: a page of another user cannot do it in the background.
    assert "oauth_no_confirm" not in service


def test_servers_on_the_hub_s_host_reach_it_at_a_socket() -> None:
    """Any account could listen at a port while the service is away."""
    c = configured()
    [service] = c.JupyterHub.services.get_value([])
    assert service["url"] == "http://127.0.0.1:8765"
    address = ServiceAddress.of_url(c.Spawner.environment.get_value({})[URL_VARIABLE])
    assert address.socket is not None
    assert service["command"][service["command"].index("--socket") + 1] == address.socket
    assert address.base_url.endswith("/services/safecoder")
    check_directory(Path(address.socket).parent)
    assert ("127.0.0.1", 8765) in local_service._RESERVED


def test_sockets_that_the_administrator_names(tmp_path: Path) -> None:
    c = configured(socket=str(tmp_path / "s"), url="http://localhost:8766/")
    environment = c.Spawner.environment.get_value({})
    assert ServiceAddress.of_url(environment[URL_VARIABLE]).socket == str(tmp_path / "s")
    # 'localhost' is two addresses, of which the other is not kept.
    [service] = c.JupyterHub.services.get_value([])
    assert service["url"] == "http://127.0.0.1:8766/"


def test_servers_that_reach_no_socket() -> None:
    for options in ({"socket": ""}, {"url": "http://172.17.0.1:8765"}):
        c = configured(**options)
        assert "--socket" not in c.JupyterHub.services.get_value([])[0]["command"]
        url = c.Spawner.environment.get_value({})[URL_VARIABLE]
        assert url.startswith("http://1")


def test_the_account_of_the_service() -> None:
    own = pwd.getpwuid(os.getuid())
    [service] = configured(user=own.pw_name).JupyterHub.services.get_value([])
    assert (service["user"], service["cwd"]) == (own.pw_name, own.pw_dir)


@pytest.mark.skipif(os.getuid() != 0, reason="only for a Hub that runs as root")
def test_a_hub_of_root_needs_an_account_for_the_service() -> None:
    with pytest.raises(ValueError, match=r'add_safecoder\(c, …, user="safecoder"\)'):
        add_safecoder(Config(), "/etc/policy.toml", ["vision"])


def test_a_service_on_a_machine_of_its_own_is_not_started() -> None:
    c = configured(url="https://safecoder:8765/", api_token="secret")
    [service] = c.JupyterHub.services.get_value([])
    assert service["api_token"] == "secret"
    assert "command" not in service
    environment = c.Spawner.environment.get_value({})
    assert environment[URL_VARIABLE] == "https://safecoder:8765/services/safecoder/"


def test_groups_have_access_and_nobody_else_more() -> None:
    [(name, role)] = roles(configured()).items()
    assert name == "safecoder-user"
    assert role["groups"] == ["vision", "speech"]
    assert role["scopes"] == [access_scope("safecoder"), COMPLETE]


def test_trainers_are_groups_and_users() -> None:
    role = roles(configured(trainers=["speech", "bob"]))["safecoder-trainer"]
    assert (role["groups"], role["users"], role["scopes"]) == (["speech"], ["bob"], [TRAIN])


def test_a_server_gets_a_token_of_its_own_that_cannot_administer() -> None:
    c = configured(admins=["dana"])
    assert roles(c)["safecoder-admin"]["users"] == ["dana"]
    # JupyterHub's own token of the server has none of our scopes.
    assert "server_token_scopes" not in c.Spawner
    token = c.Spawner.environment.get_value({})[SERVICE_TOKEN_VARIABLE]
    given = token(FakeSpawner([COMPLETE, TRAIN, ADMIN]))
    assert all(scope in given for scope in (COMPLETE, TRAIN, access_scope("safecoder")))
    assert ADMIN not in given


@pytest.mark.parametrize("scope", [COMPLETE, TRAIN])
def test_scopes_are_defined_and_administrators_have_those_of_users(scope: str) -> None:
    assert scope in configured().JupyterHub.custom_scopes.get_value({})
    reachable = {ADMIN}
    for _ in range(3):
        reachable |= {sub for one in reachable for sub in SCOPES[one].get("subscopes", ())}
    assert scope in reachable


def test_the_configuration_of_others_stays() -> None:
    """Such as that of dask-gateway, set before."""

    def scopes(spawner: Any) -> list[str]:
        return ["access:services!service=dask-gateway"]

    c = Config()
    c.Spawner.server_token_scopes = scopes
    c.Spawner.environment = others = {"DASK": "1"}
    c.KubeSpawner.environment = {"KUBE": "2"}
    c.DockerSpawner.server_token_scopes = ["access:services!service=dask-gateway"]
    c.JupyterHub.services = [{"name": "dask-gateway"}]
    c.JupyterHub.custom_scopes = {"custom:other": {"description": "Other"}}
    c.JupyterHub.load_roles = [{"name": "other"}]
    add_safecoder(c, "/etc/policy.toml", ["vision"], arguments=["--allow-root"])
    assert c.Spawner.server_token_scopes is scopes
    assert c.DockerSpawner.server_token_scopes == ["access:services!service=dask-gateway"]
    assert set(c.Spawner.environment) == {"DASK", URL_VARIABLE, SERVICE_TOKEN_VARIABLE}
    # A subclass that has its own gets ours too: it would not see those of Spawner.
    assert set(c.KubeSpawner.environment) == {"KUBE", URL_VARIABLE, SERVICE_TOKEN_VARIABLE}
    assert "environment" not in c.DockerSpawner
    assert others == {"DASK": "1"}
    assert [service["name"] for service in c.JupyterHub.services] == ["dask-gateway", "safecoder"]
    assert {"custom:other", *SCOPES} == set(c.JupyterHub.custom_scopes)
    assert [role["name"] for role in c.JupyterHub.load_roles] == ["other", "safecoder-user"]
