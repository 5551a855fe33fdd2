"""API key and certificates for a completion server, read from files."""

from __future__ import annotations

import logging
import ssl
import stat
from pathlib import Path

from jupyter_safecoder.engines.engine import RemoteServer
from jupyter_safecoder.errors import EngineError

log = logging.getLogger("jupyter_safecoder.runtime")

#: Maximum size in bytes of an API key.
_MAX_KEY_BYTES = 2**12


class KeyFile:
    """An API key in a file, which is read again when the file changes.

    Parameters
    ----------
    path
        The file.

    Raises
    ------
    EngineError
        If it cannot be read, holds no key, or can be read by all users of the machine.
    """

    def __init__(self, path: str) -> None:
        self._path = Path(path).expanduser()
        self._version: tuple[int, ...] = ()
        self._header: dict[str, str] = {}
        self.header()

    def header(self) -> dict[str, str]:
        """Return the HTTP header with the key.

        Raises
        ------
        EngineError
            If the file cannot be used any more.
        """
        try:
            status = self._path.stat()
            version = (status.st_ino, status.st_mtime_ns, status.st_size, status.st_mode)
            if version != self._version:
                _check_private(self._path, status.st_mode)
                with self._path.open("rb") as file:
                    key = file.read(_MAX_KEY_BYTES + 1).strip()
                printable = all(33 <= byte < 127 for byte in key)
                if not key or len(key) > _MAX_KEY_BYTES or not printable:
                    raise EngineError(
                        f"{self._path} does not hold a key: one line of printable characters.",
                        "Write the server's API key into it, and nothing else.",
                    )
                self._header = {"Authorization": f"Bearer {key.decode('ascii')}"}
                self._version = version
        except OSError as error:
            raise EngineError(
                f"The key file {self._path} cannot be read: {error.strerror}.",
                "Check c.SafeCoder.remote_key_file, and that the runtime's user may read it.",
            ) from error
        return self._header


def tls_context(server: RemoteServer) -> ssl.SSLContext:
    """Return the TLS context of a server's certificate authority and our client certificate.

    Parameters
    ----------
    server
        The server, with the paths of its files.

    Raises
    ------
    EngineError
        If a file cannot be used, or all users of the machine may read our private key.
    """

    def unusable(trait: str, path: str, why: str) -> EngineError:
        return EngineError(
            f"{path} cannot be used as c.SafeCoder.{trait}: {why}.",
            "Name a file in PEM format that the runtime's user may read.",
        )

    try:
        context = ssl.create_default_context(cafile=server.ca_file or None)
    except (OSError, ssl.SSLError) as error:
        why = error.strerror if not isinstance(error, ssl.SSLError) else "no certificate in it"
        raise unusable("remote_ca_file", server.ca_file, why or "") from error
    if server.certificate_file:
        key = Path(server.certificate_key_file or server.certificate_file)
        try:
            _check_private(key, key.stat().st_mode)
            # With an empty password OpenSSL does not prompt for that of an encrypted key.
            context.load_cert_chain(
                server.certificate_file, server.certificate_key_file or None, password=""
            )
        except (OSError, ssl.SSLError) as error:
            why = (
                error.strerror
                if not isinstance(error, ssl.SSLError)
                else "certificate and key are not a pair, or the key is encrypted"
            )
            raise unusable("remote_certificate_file", server.certificate_file, why or "") from error
    return context


def _check_private(path: Path, mode: int) -> None:
    if mode & stat.S_IROTH:
        raise EngineError(
            f"All users of this machine may read {path} (mode {stat.S_IMODE(mode):04o}).",
            f"Run: chmod 600 {path}.",
        )
    if mode & stat.S_IRGRP:
        log.warning("The group may read %s (mode %04o).", path, stat.S_IMODE(mode))
