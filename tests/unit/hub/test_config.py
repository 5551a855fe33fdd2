"""What add_safecoder() writes into a JupyterHub's configuration."""

from __future__ import annotations

from typing import Any

import pytest
from traitlets.config import Config

from jupyter_safecoder.child_process import module_command
from jupyter_safecoder.clients.hub_environment import SERVICE_TOKEN_VARIABLE, URL_VARIABLE
from jupyter_safecoder.hub import add_safecoder
from jupyter_safecoder.hub.constants import ADMIN, COMPLETE, SCOPES, TRAIN, access_scope
from tests.support.spawners import FakeSpawner


def configured(**options: Any) -> Any:
    """Return the configuration, as JupyterHub reads it."""
    c = Config()
    add_safecoder(c, "/etc/policy.toml", ["vision", "speech"], **options)
    return c


def roles(c: Any) -> dict[str, dict[str, Any]]:
    return {role["name"]: role for role in c.JupyterHub.load_roles.get_value([])}


def test_the_hub_starts_the_service_with_its_policy() -> None:
    [service] = configured(arguments=["--state", "/var/lib"]).JupyterHub.services.get_value([])
    command = service["command"]
    start = module_command("jupyter_safecoder", "hub")
    assert command[: len(start)] == start
    assert command[-4:] == ["/etc/policy.toml", "--end-with-parent", "--state", "/var/lib"]
    assert "api_token" not in service


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
