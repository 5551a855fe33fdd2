"""Admin endpoints are for those with the scope, by a token header too."""

from __future__ import annotations

import asyncio

import httpx
import pytest
from tornado import web
from tornado.httpserver import HTTPServer
from tornado.testing import bind_unused_port

from jupyter_safecoder.clients.hub_environment import TOKEN_VARIABLE
from jupyter_safecoder.errors import RequestDenied
from jupyter_safecoder.hub.access.administrators import AdminHandler, cookie_secret, hub_oauth
from jupyter_safecoder.hub.constants import ADMIN, COMPLETE
from tests.support.hub_api import ACCESS, hub_api, user_model

PREFIX = "/services/safecoder/"
OWNERS = {
    "admin": user_model("dana", [], ACCESS, ADMIN),
    "service": user_model("prometheus", [], ACCESS, ADMIN, kind="service"),
    "user": user_model("ada", ["vision"], ACCESS, COMPLETE),
    "no access": user_model("dana", [], ADMIN),
}


class _Handler(AdminHandler):
    def initialize(self) -> None:
        self.hub_auth = hub_oauth(PREFIX, 30)

    async def get(self) -> None:
        try:
            model = await self.authenticate()
        except RequestDenied as denied:
            self.set_status(denied.status)
            self.finish(denied.reason)
        else:
            self.finish(model["name"] if model else "anonymous")


async def request(monkeypatch: pytest.MonkeyPatch, token: str) -> httpx.Response:
    async with hub_api(monkeypatch, OWNERS):
        listener, port = bind_unused_port()
        server = HTTPServer(web.Application([("/", _Handler)], cookie_secret="x" * 32))
        server.add_socket(listener)
        headers = {"Authorization": f"token {token}"} if token else {}
        async with httpx.AsyncClient(trust_env=False) as client:
            response = await client.get(f"http://127.0.0.1:{port}/", headers=headers)
        server.stop()
        return response


@pytest.mark.parametrize(
    ("token", "status", "text"),
    [
        ("admin", 200, "dana"),
        ("service", 200, "prometheus"),
        ("user", 403, "for administrators"),
        ("no access", 403, "for administrators"),
        ("unknown", 200, "anonymous"),
        ("", 200, "anonymous"),
    ],
)
def test_the_scope_and_access_to_the_service_are_required(
    monkeypatch: pytest.MonkeyPatch, token: str, status: int, text: str
) -> None:
    response = asyncio.run(request(monkeypatch, token))
    assert response.status_code == status
    assert text in response.text


def test_a_service_on_a_machine_of_its_own_has_the_hub_s_defaults(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("CLIENT_ID", "OAUTH_CALLBACK_URL", "SERVICE_PREFIX", "SERVICE_NAME"):
        monkeypatch.delenv(f"JUPYTERHUB_{name}", raising=False)
    monkeypatch.setenv(TOKEN_VARIABLE, "x" * 32)
    monkeypatch.setenv("JUPYTERHUB_BASE_URL", "/base/")
    oauth = hub_oauth("/base/services/safecoder/", 30)
    assert oauth.oauth_client_id == "service-safecoder"
    assert oauth.oauth_redirect_uri == "/base/services/safecoder/oauth_callback"
    assert oauth.oauth_authorization_url == "/base/hub/api/oauth2/authorize"


def test_cookies_are_signed_with_a_key_of_the_api_token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(TOKEN_VARIABLE, "x" * 32)
    secret = cookie_secret()
    assert secret == cookie_secret()
    monkeypatch.setenv(TOKEN_VARIABLE, "y" * 32)
    assert secret != cookie_secret()
