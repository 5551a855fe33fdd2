"""The owner of a token is who JupyterHub says it is."""

from __future__ import annotations

import asyncio

import pytest

from jupyter_safecoder.errors import RequestDenied
from jupyter_safecoder.hub.access.authenticator import Authenticator, User
from jupyter_safecoder.hub.constants import COMPLETE
from tests.support.hub_api import ACCESS, hub_api, user_model

OWNERS = {
    "good": user_model("ada", ["vision"]),
    "service": user_model("tester", [], kind="service"),
    "no access": user_model("eve", ["vision"], COMPLETE),
    "no completions": user_model("eve", ["vision"], ACCESS),
}


async def user_for(monkeypatch: pytest.MonkeyPatch, authorization: str, status: int = 200) -> User:
    async with hub_api(monkeypatch, OWNERS, status):
        return await Authenticator(30).user_for(authorization)


@pytest.mark.parametrize("scheme", ["token", "Bearer", "TOKEN"])
def test_a_token_s_owner_is_the_user(monkeypatch: pytest.MonkeyPatch, scheme: str) -> None:
    user = asyncio.run(user_for(monkeypatch, f"{scheme} good"))
    assert user == User("ada", frozenset({"vision"}), frozenset({ACCESS, COMPLETE}))


@pytest.mark.parametrize(
    ("authorization", "status", "reason"),
    [
        ("", 401, "has no JupyterHub token"),
        ("Basic good", 401, "has no JupyterHub token"),
        ("token ", 403, "has no access to SafeCoder"),
        ("token", 403, "has no access to SafeCoder"),
        ("token unknown", 401, "does not know this token"),
        ("token service", 403, "is a service's"),
        ("token no access", 403, "has no access to SafeCoder"),
        ("token no completions", 403, "may not request completions"),
    ],
)
def test_other_tokens_are_denied(
    monkeypatch: pytest.MonkeyPatch, authorization: str, status: int, reason: str
) -> None:
    with pytest.raises(RequestDenied, match=reason) as raised:
        asyncio.run(user_for(monkeypatch, authorization))
    assert raised.value.status == status
    assert raised.value.remedy


@pytest.mark.parametrize("status", [500, 502, 404])
def test_a_hub_that_fails_does_not_let_anybody_in(
    monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    with pytest.raises(RequestDenied, match=r"JupyterHub does not answer\.") as raised:
        asyncio.run(user_for(monkeypatch, "token good", status))
    assert raised.value.status == 503


def test_a_hub_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JUPYTERHUB_API_URL", "http://127.0.0.1:9/hub/api")
    monkeypatch.setenv("JUPYTERHUB_API_TOKEN", "x")
    with pytest.raises(RequestDenied, match=r"JupyterHub does not answer\."):
        asyncio.run(Authenticator(30).user_for("token good"))
