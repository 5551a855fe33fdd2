"""The address of a JupyterHub's service: an HTTP URL, or a Unix socket and a path.

Jupyter Server's form is used for sockets: ``http+unix://%2Frun%2Fservice.sock/services/safecoder/``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

from jupyter_safecoder.errors import UnusableAddress

from .socket_trust import check_socket

_SOCKET_SCHEME = "http+unix"
#: The host of requests over a socket: no name is resolved.
_SOCKET_BASE = "http://safecoder"


@dataclass(frozen=True)
class ServiceAddress:
    """Where the service listens.

    Parameters
    ----------
    base_url
        The URL that paths are appended to.
    socket
        Path of the Unix socket to connect to; ``None``: the host of the URL.
    """

    base_url: str
    socket: str | None = None

    @classmethod
    def of_url(cls, url: str) -> ServiceAddress:
        """Return the address of a URL, of the scheme ``http``, ``https`` or ``http+unix``.

        Any text is taken; :meth:`check_url` says whether it can be used.
        """
        if url.startswith(f"{_SOCKET_SCHEME}://"):
            netloc, slash, path = url.removeprefix(f"{_SOCKET_SCHEME}://").partition("/")
            return cls(_SOCKET_BASE + (slash + path).rstrip("/"), unquote(netloc))
        return cls(url.rstrip("/"))

    def check_url(self) -> None:
        """Return if this is the address of a socket, or an HTTP URL.

        Raises
        ------
        UnusableAddress
            If it is not.
        """
        try:
            parts = urlsplit(self.base_url)
            # Reading the port checks it.
            usable = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
            usable = usable or not self.base_url  # there is no service
        except ValueError:
            usable = False
        path = self.socket
        if not usable or not (path is None or (path.startswith("/") and "\0" not in path)):
            raise UnusableAddress(
                "The address of the Hub's SafeCoder service is not a URL.",
                "Set c.SafeCoder.service_url to https://…, or to http+unix://%2Fpath%2Fof%2Fsocket/"
                "… for a Unix socket; empty for the one that the Hub names.",
            )

    def __str__(self) -> str:
        return self.socket or self.base_url

    @property
    def check(self) -> Callable[[], None]:
        """Raises :class:`~jupyter_safecoder.errors.UntrustedSocket` where no token may be sent.

        Also what :meth:`check_url` raises.
        """

        def check() -> None:
            self.check_url()
            if self.socket:
                check_socket(Path(self.socket))

        return check

    @property
    def warning(self) -> str:
        """What is wrong with sending prompts and tokens there; empty if nothing is."""
        if self.socket or not self.base_url.startswith("http:"):
            return ""
        return (
            f"Prompts and a token are sent to {self.base_url} unencrypted. Who reads the network, "
            "or listens at that address instead of the service, gets them. Use an https URL. On "
            "the Hub's own host leave out 'url' of add_safecoder(): servers then use a socket."
        )


def socket_url(socket: Path, path: str) -> str:
    """Return the URL of a path at a Unix socket."""
    return f"{_SOCKET_SCHEME}://{quote(str(socket), safe='')}{path}"
