"""Who is allowed what: groups, features, limits and draining."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from jupyter_safecoder.errors import RateLimited, RequestDenied
from jupyter_safecoder.hub.access.authenticator import User
from jupyter_safecoder.hub.access.limits import Limits
from jupyter_safecoder.hub.access.policy import Grant
from jupyter_safecoder.hub.access.policy_file import PolicyFile
from jupyter_safecoder.hub.access.policy_gate import PolicyGate

POLICY = """\
[groups.vision]
features = ["complete"]

[groups.speech]
model = "large"
adapter = "pinned"
"""
ADA = User("ada", frozenset({"vision"}))
BOB = User("bob", frozenset({"speech", "vision"}))
CLEO = User("cleo", frozenset({"speech"}))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    (tmp_path / "policy.toml").write_text(POLICY)
    return tmp_path / "policy.toml"


def make_gate(path: Path, tokens: int = 0) -> PolicyGate:
    active = {"vision": "tuned", "speech": "tuned"}
    return PolicyGate(PolicyFile(path), Limits(lambda user: tokens), active.__getitem__)


def test_a_grant_has_the_adapter_of_the_policy_or_the_active_one(path: Path) -> None:
    gate = make_gate(path)
    group, grant = gate.grant(ADA, "complete")
    assert (group, grant.adapter) == ("vision", "tuned")
    group, grant = gate.grant(CLEO, "text")
    assert (group, grant.adapter, grant.model) == ("speech", "pinned", "large")
    # Of several groups the first one of the file counts.
    assert gate.grant(BOB, "complete")[0] == "vision"
    assert gate.assigned_runtimes() == {"vision": ("", "tuned"), "speech": ("large", "pinned")}


@pytest.mark.parametrize(
    ("user", "feature"),
    [(ADA, "text"), (ADA, "train"), (User("eve"), "complete"), (BOB, "train")],
)
def test_a_feature_that_is_not_granted_is_denied(path: Path, user: User, feature: str) -> None:
    with pytest.raises(RequestDenied, match="not allowed to use this feature") as raised:
        make_gate(path).grant(user, feature)
    assert (raised.value.status, raised.value.kind) == (403, "not granted")


def test_without_a_policy_all_requests_are_denied(path: Path) -> None:
    path.write_text("x = 1")
    gate = make_gate(path)
    with pytest.raises(RequestDenied, match="The policy file is invalid") as raised:
        gate.grant(ADA, "complete")
    assert (raised.value.status, raised.value.kind) == (503, "policy")
    assert gate.assigned_runtimes() is None


def test_draining_denies_and_has_a_status(path: Path) -> None:
    gate = make_gate(path)
    gate.check_draining()
    assert gate.drained_status() is None
    gate.draining = True
    with pytest.raises(RequestDenied) as raised:
        gate.check_draining()
    status = gate.drained_status()
    assert status is not None
    assert (status.state, status.reason) == ("off", raised.value.reason)
    assert raised.value.kind == "drained"


def test_limits_are_denied_with_the_time_to_wait(path: Path) -> None:
    gate = make_gate(path, tokens=7)
    asyncio.run(gate.check_limits("ada", Grant(tokens_per_day=8)))
    with pytest.raises(RateLimited) as raised:
        asyncio.run(gate.check_limits("ada", Grant(tokens_per_day=7)))
    assert (raised.value.status, raised.value.kind) == (429, "limit")
    assert raised.value.retry_after_s


def test_a_database_that_is_away_denies_only_where_tokens_are_limited(path: Path) -> None:
    def away(user: str) -> int:
        raise OSError

    gate = PolicyGate(PolicyFile(path), Limits(away), lambda group: "")
    asyncio.run(gate.check_limits("ada", Grant()))
    with pytest.raises(RequestDenied) as raised:
        asyncio.run(gate.check_limits("ada", Grant(tokens_per_day=7)))
    assert (raised.value.status, raised.value.kind) == (503, "database")
