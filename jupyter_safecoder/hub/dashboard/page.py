"""The dashboard's pages and buttons; everything is rendered on the server."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import Any

from jupyterhub.services.auth import HubOAuth, HubOAuthCallbackHandler
from sqlalchemy.exc import SQLAlchemyError
from tornado import web

from jupyter_safecoder._version import __version__
from jupyter_safecoder.errors import RequestDenied
from jupyter_safecoder.hub.access.administrators import AdminHandler
from jupyter_safecoder.hub.accounting.suggestion_store import to_csv

from . import formatting
from .dashboard import Dashboard

_HERE = Path(__file__).parent
_TEMPLATES, _STATIC = _HERE / "templates", _HERE / "static"
_CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_ACTIONS = ("drain", "resume", "reload", "restart")
#: Functions that templates may use.
_FORMATTERS = {
    name: getattr(formatting, name)
    for name in ("short", "count", "share", "milliseconds", "ago", "clock", "size")
}


class AdminPageHandler(AdminHandler):
    """Base of the pages: a user without access sees a page that says so."""

    def initialize(self, dashboard: Dashboard, auth: HubOAuth) -> None:
        """Store what the application passes to each handler."""
        self.dashboard = dashboard
        self.hub_auth = auth

    def set_default_headers(self) -> None:
        """Allow nothing of other sites, no frames and no caching."""
        self.clear_header("Server")
        self.set_header("Cache-Control", "no-store")
        self.set_header("Content-Security-Policy", _CONTENT_SECURITY_POLICY)
        self.set_header("X-Frame-Options", "DENY")
        self.set_header("X-Content-Type-Options", "nosniff")
        self.set_header("Referrer-Policy", "same-origin")

    #: What the browser may want the response for, if it says so: to show it as a page.
    destination = "document"

    async def prepare(self) -> None:
        """Refuse scripts and forms of other pages, then authenticate."""
        # Templates read it, and would wait for the Hub otherwise.
        self.current_user = None
        try:
            self._check_origin()
            model = await self.authenticate()
        except RequestDenied as denied:
            return self.deny(denied)
        if model is None:
            self.on_anonymous()
        return None

    def _check_origin(self) -> None:
        """Deny what browsers send for a script, a frame or a form of another page.

        A script of the same origin must not read the page, which has the token of the buttons.
        Programs send no such headers: they have a token of their own.
        """
        destination = self.request.headers.get("Sec-Fetch-Dest", self.destination)
        site = self.request.headers.get("Sec-Fetch-Site", "same-origin")
        is_navigation = self.request.method == "GET" and self.destination == "document"
        if destination != self.destination or not (is_navigation or site == "same-origin"):
            raise RequestDenied(
                403,
                "This page cannot be used by a script or a form of another page.",
                "Open it in a window of the browser.",
            )

    def on_anonymous(self) -> None:
        """Respond to a request without a valid cookie or token."""
        self.deny(
            RequestDenied(403, "You are not logged in, or not any more.", "Load the page again.")
        )

    def get_template_path(self) -> str:
        """Return the directory of the templates."""
        return str(_TEMPLATES)

    def get_template_namespace(self) -> dict[str, Any]:
        """Return the names that templates can use."""
        own = {"prefix": self.hub_auth.base_url, "version": __version__}
        return {**super().get_template_namespace(), **_FORMATTERS, **own}

    def deny(self, denied: RequestDenied) -> None:
        """Respond with a page that says why the request is denied."""
        self.set_status(denied.status)
        self.render("denied.html", reason=denied.reason, remedy=denied.remedy)

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Respond without details; those are in the log."""
        self.deny(RequestDenied(status_code, f"The service answered {status_code}.", ""))


class PageHandler(AdminPageHandler):
    """The dashboard."""

    def on_anonymous(self) -> None:
        """Redirect to JupyterHub's login."""
        self.redirect(self.get_login_url())

    async def get(self) -> None:
        """Respond with the whole page."""
        await self.render_view("page.html", name=self.current_user["name"])

    async def render_view(self, template: str, **values: Any) -> None:
        """Respond with a template and a snapshot of the service."""
        token = self.xsrf_token
        # Forms and the script of the page prove with this token that they are ours.
        xsrf = token.decode() if isinstance(token, bytes) else str(token)
        self.render(template, view=await self.dashboard.snapshot(), xsrf=xsrf, **values)


class FragmentHandler(PageHandler):
    """The part of the dashboard that changes, for its script."""

    destination = "empty"

    def on_anonymous(self) -> None:
        """Deny the request: a script cannot log in."""
        AdminPageHandler.on_anonymous(self)

    async def get(self) -> None:
        """Respond with the fragment."""
        await self.render_view("dashboard.html")


class SuggestionsHandler(PageHandler):
    """The counts of suggestions of each day and group, as CSV."""

    async def get(self) -> None:
        """Respond with a file."""
        try:
            rows = await asyncio.to_thread(self.dashboard.suggestion_days)
        except SQLAlchemyError:
            return self.deny(
                RequestDenied(503, "The database does not answer.", "Try again in a moment.")
            )
        self.set_header("Content-Type", "text/csv; charset=utf-8")
        self.set_header("Content-Disposition", 'attachment; filename="safecoder-suggestions.csv"')
        return await self.finish(to_csv(rows))


class ActionHandler(AdminPageHandler):
    """The actions of the buttons: drain, resume, reload, restart."""

    async def post(self, action: str) -> None:
        """Record an action, do it, and redirect to the dashboard."""
        service = self.dashboard.service
        record = service.recorder.new_record(self.current_user["name"], action)
        record.outcome = "done"
        if action == "restart":
            record.model = self.get_body_argument("model", "")
            record.adapter = self.get_body_argument("adapter", "")
        try:
            await service.recorder.record_event(record)
        except RequestDenied as denied:
            return self.deny(denied)
        if action == "drain":
            service.gate.draining = True
        elif action == "resume":
            service.gate.draining = False
        elif action == "reload":
            await service.reload()
        else:
            await service.runtimes.restart(record.model, record.adapter)
        return self.redirect(self.hub_auth.base_url, status=303)


class _CallbackHandler(HubOAuthCallbackHandler):  # type: ignore[misc]
    def initialize(self, auth: HubOAuth) -> None:
        self.hub_auth = auth


def page_routes(prefix: str, dashboard: Dashboard, auth: HubOAuth) -> list[Any]:
    """Return the routes of the dashboard.

    Parameters
    ----------
    prefix
        Path of the service; it ends with a slash.
    dashboard, auth
        Passed to the handlers.
    """
    arguments = {"dashboard": dashboard, "auth": auth}
    return [
        (re.escape(prefix), PageHandler, arguments),
        (re.escape(prefix[:-1]), web.RedirectHandler, {"url": prefix, "permanent": False}),
        (f"{prefix}dashboard", FragmentHandler, arguments),
        (re.escape(f"{prefix}suggestions.csv"), SuggestionsHandler, arguments),
        (f"{prefix}({'|'.join(_ACTIONS)})", ActionHandler, arguments),
        (f"{prefix}oauth_callback", _CallbackHandler, {"auth": auth}),
        (f"{prefix}static/(.*)", web.StaticFileHandler, {"path": str(_STATIC)}),
    ]
