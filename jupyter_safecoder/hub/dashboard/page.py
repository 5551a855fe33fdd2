"""The administrator's page: a board of figures, and a few buttons; all drawn on the server."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from jupyterhub.services.auth import HubOAuth, HubOAuthCallbackHandler
from tornado import web

from jupyter_safecoder._version import __version__
from jupyter_safecoder.errors import RequestDenied
from jupyter_safecoder.hub.access.administrators import AdminHandler
from jupyter_safecoder.hub.access.authenticator import User

from . import formatting as wording
from .dashboard import Dashboard

_HERE = Path(__file__).parent
_TEMPLATES, _STATIC = _HERE / "templates", _HERE / "static"
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_ACTIONS = ("drain", "resume", "reload", "restart")


class AdminPageHandler(AdminHandler):
    """Where something is shown: who may not see it is told so, in a page of its own."""

    def initialize(self, board: Dashboard, auth: HubOAuth) -> None:
        """Take what the application gives."""
        self.board = board
        self.hub_auth = auth

    def set_default_headers(self) -> None:
        """Let nothing of another site in, and nobody keep or frame the page."""
        self.clear_header("Server")
        self.set_header("Cache-Control", "no-store")
        self.set_header("Content-Security-Policy", _POLICY)
        self.set_header("X-Frame-Options", "DENY")
        self.set_header("X-Content-Type-Options", "nosniff")
        self.set_header("Referrer-Policy", "same-origin")

    async def prepare(self) -> None:
        """Let in who administers."""
        try:
            model = await self.administrator()
        except RequestDenied as refused:
            return self.refuse(refused)
        if model is None:
            self.strange()
        return None

    def strange(self) -> None:
        """Answer somebody whom the Hub does not know here."""
        self.refuse(
            RequestDenied(403, "You are not logged in, or no longer.", "Load the page again.")
        )

    def get_template_path(self) -> str:
        """Return where the templates are."""
        return str(_TEMPLATES)

    def get_template_namespace(self) -> dict[str, Any]:
        """Return what templates can use."""
        words = {name: getattr(wording, name) for name in _WORDS}
        here = {"prefix": self.hub_auth.base_url, "version": __version__}
        return {**super().get_template_namespace(), **words, **here}

    def refuse(self, refused: RequestDenied) -> None:
        """Answer with a page that says why not."""
        self.set_status(refused.status)
        self.render("refused.html", reason=refused.reason, remedy=refused.remedy)

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Answer without details: those are in the log."""
        self.refuse(RequestDenied(status_code, f"The service answered {status_code}.", ""))


_WORDS = ("short", "count", "milliseconds", "ago", "clock", "size")


class PageHandler(AdminPageHandler):
    """The page."""

    def strange(self) -> None:
        """Have the Hub log them in."""
        self.redirect(self.get_login_url())

    async def get(self) -> None:
        """Show it."""
        name = self.current_user["name"]
        self.render("page.html", view=await self.board.look(), name=name, xsrf=self.token())

    def token(self) -> str:
        """Return what forms and the script prove with that they are ours."""
        token = self.xsrf_token
        return token.decode() if isinstance(token, bytes) else str(token)


class BoardHandler(PageHandler):
    """The page's changing part, for its script."""

    def strange(self) -> None:
        """Refuse: a script cannot log in."""
        AdminPageHandler.strange(self)

    async def get(self) -> None:
        """Show it."""
        self.render("board.html", view=await self.board.look(), xsrf=self.token())


class ActionHandler(AdminPageHandler):
    """The buttons."""

    async def post(self, action: str) -> None:
        """Note it, do it, and show the page again."""
        service = self.board.service
        record = service.record(User(self.current_user["name"], frozenset()), action)
        record.outcome = "done"
        if action == "restart":
            record.model = self.get_body_argument("model", "")
            record.adapter = self.get_body_argument("adapter", "")
        try:
            await service.note(record)
        except RequestDenied as refused:
            return self.refuse(refused)
        if action == "drain":
            service.draining = True
        elif action == "resume":
            service.draining = False
        elif action == "reload":
            await service.reload()
        else:
            await service.runtimes.restart(record.model, record.adapter)
        return self.redirect(self.hub_auth.base_url, status=303)


class _CallbackHandler(HubOAuthCallbackHandler):  # type: ignore[misc]
    def initialize(self, auth: HubOAuth) -> None:
        self.hub_auth = auth


def page_routes(prefix: str, board: Dashboard, auth: HubOAuth) -> list[Any]:
    """Return the doors of the page below a prefix that ends with a slash."""
    given = {"board": board, "auth": auth}
    return [
        (re.escape(prefix), PageHandler, given),
        (re.escape(prefix[:-1]), web.RedirectHandler, {"url": prefix, "permanent": False}),
        (f"{prefix}board", BoardHandler, given),
        (f"{prefix}({'|'.join(_ACTIONS)})", ActionHandler, given),
        (f"{prefix}oauth_callback", _CallbackHandler, {"auth": auth}),
        (f"{prefix}static/(.*)", web.StaticFileHandler, {"path": str(_STATIC)}),
    ]
