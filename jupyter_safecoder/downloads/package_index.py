"""Fetches files of package indexes by name and hash; no code of a package is executed.

``pip download`` runs the build backend of a source distribution to read its name. Instead, unearth
finds the file, with pip's configuration.
"""

from __future__ import annotations

import ast
import os
import re
import ssl
import subprocess
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, closing
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

from jupyter_safecoder.child_process import child_environment, module_command
from jupyter_safecoder.confinement import allow, proxies_of, split_address
from jupyter_safecoder.errors import DownloadError
from jupyter_safecoder.extras import INSTALL_LOCAL
from jupyter_safecoder.files import file_lock, make_directory
from jupyter_safecoder.models.fingerprint import hash_file

from .transfer import Announced, explain_disk_errors, transfer

Kind = Literal["source", "wheel"]
#: No source distribution is larger.
_MAX_BYTES = 2**30
#: The forms of names and versions in package indexes; they become names of files.
_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")
_VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9.+!]*")
_SHA256 = re.compile(r"[0-9a-f]{64}")
#: The index of unearth where pip has none.
_PYPI = "https://pypi.org"
#: Sections of pip's configuration that apply to downloads; later ones take precedence.
_SECTIONS = ("global.", "download.", ":env:.")


@dataclass(frozen=True)
class Package:
    """A file of a package index.

    Parameters
    ----------
    name, version
        Of the package.
    sha256
        SHA-256 of the file, in hexadecimal.
    license
        Of the package; empty: not stated.

    Raises
    ------
    ValueError
        If name, version or hash does not have its form.
    """

    name: str
    version: str
    sha256: str
    license: str = ""

    def __post_init__(self) -> None:
        for value, form in (
            (self.name, _NAME),
            (self.version, _VERSION),
            (self.sha256, _SHA256),
        ):
            if not form.fullmatch(value):
                raise ValueError(f"{value!r} of {self.name!r}")

    @property
    def key(self) -> str:
        """Name, version and hash, as the name of a file or directory."""
        return f"{self.name}-{self.version}-{self.sha256[:12]}"


def fetch(
    package: Package,
    kind: Kind,
    directory: Path,
    progress: Callable[[int], None] = lambda received: None,
    max_bytes: int = _MAX_BYTES,
) -> Path:
    """Return a package's file, from the directory or else from the package index.

    Parameters
    ----------
    package
        The package.
    kind
        Whether to fetch its source distribution or its wheel.
    directory
        The directory of fetched files.
    progress
        Called with the number of bytes that are here.
    max_bytes
        Maximum size of the file.

    Raises
    ------
    DownloadError
        If it cannot be fetched, or is not the file of that hash.
    ModelError
        If the disk is full.
    """
    path = directory / f"{package.key}.{kind}"
    check_client()
    title = f"{package.name} {package.version}"
    with explain_disk_errors(title):
        make_directory(directory)
        with file_lock(directory / f".{package.key}.lock"):
            if not path.is_file() or hash_file(path) != package.sha256:
                announced = Announced(title, None, package.sha256, max_bytes)
                _fetch(package, kind, announced, path, progress)
    return path


def check_client() -> None:
    """Check that the package is installed that has the HTTP client.

    Raises
    ------
    DownloadError
        If it is not.
    """
    if find_spec("unearth") is None:
        raise DownloadError(
            "Downloads need the package unearth, which is not installed.",
            f"Install it with: {INSTALL_LOCAL}.",
        )


def pip_configuration() -> dict[str, str]:
    """Return pip's settings by name, those of the environment included; empty without pip."""
    environment = sorted(item for item in os.environ.items() if item[0].startswith("PIP_"))
    return dict(_read_configuration(tuple(environment)))


@cache
def _read_configuration(environment: tuple[tuple[str, str], ...]) -> dict[str, str]:
    # Cached: it takes a process of about a second, and some models have dozens of packages.
    done = subprocess.run(  # noqa: S603 - pip itself
        module_command("pip", "--disable-pip-version-check", "config", "list"),
        env=child_environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    found: dict[str, str] = {}
    lines = [line.partition("=") for line in done.stdout.splitlines() if "=" in line]
    for section in _SECTIONS:
        for name, _, value in lines:
            if name.startswith(section):
                found[name.removeprefix(section)] = str(ast.literal_eval(value))
    return found


def _fetch(
    package: Package,
    kind: Kind,
    announced: Announced,
    path: Path,
    progress: Callable[[int], None],
) -> None:
    # unearth's name for the errors of its HTTP client.
    from unearth.preparer import HTTPErrors

    try:
        finder = _finder(pip_configuration())
        with closing(finder.session) as client:
            url = _link(finder, package, kind).normalized
            allow(split_address(url))

            def open_response(headers: Mapping[str, str]) -> AbstractContextManager[Any]:
                response: AbstractContextManager[Any] = client.get_stream(url, headers=headers)
                return response

            transfer(open_response, announced, path, path.with_suffix(".part"), progress)
    except HTTPErrors as error:
        raise DownloadError(
            f"{announced.title} could not be fetched: the package index does not answer "
            f"({type(error).__name__}).",
            "Check the network and pip's configuration; what was fetched is kept.",
        ) from error


def http_client(
    pip: Mapping[str, str], *, follow_redirects: bool, timeout_s: float | None = None
) -> Any:
    """Return unearth's HTTP client, with pip's certificates and proxy.

    Parameters
    ----------
    pip
        Pip's settings.
    follow_redirects
        Whether redirects are followed to any host: if only a file of a known hash is accepted.
    timeout_s
        Seconds to wait for a connection, and for more of a response; ``None``: pip's.
    """
    from unearth.fetchers.sync import PyPIClient

    for proxy in (split_address(pip.get("proxy", "")), *proxies_of()):
        allow(proxy)
    return PyPIClient(
        trusted_hosts=pip.get("trusted-host", "").split(),
        verify=ssl.create_default_context(cafile=pip["cert"]) if "cert" in pip else True,
        timeout=timeout_s or float(pip.get("timeout", pip.get("default-timeout", 60))),
        follow_redirects=follow_redirects,
        proxy=pip.get("proxy"),
    )


def _finder(pip: Mapping[str, str]) -> Any:
    """Return unearth's finder, with pip's indexes and credentials."""
    from unearth import PackageFinder
    from unearth.auth import MultiDomainBasicAuth

    offline = pip.get("no-index", "").lower() in ("1", "true", "yes", "on")
    indexes = [] if offline else pip.get("index-url", "").split()
    extra = [] if offline else pip.get("extra-index-url", "").split()
    find_links = [path for path in pip.get("find-links", "").split() if _exists(path)]
    client = http_client(pip, follow_redirects=True)
    client.auth = MultiDomainBasicAuth(prompting=False, index_urls=[*indexes, *extra])
    # Files for other platforms too: no code is executed. Without indexes unearth uses PyPI.
    finder = PackageFinder(client, index_urls=indexes, ignore_compatibility=True)
    for url in (*indexes, *extra, *find_links, *([] if indexes or offline else [_PYPI])):
        allow(split_address(url))
    if offline:
        finder.sources.clear()
    for url in extra:
        finder.add_index_url(url)
    for location in find_links:
        finder.add_find_links(location)
    return finder


def _exists(location: str) -> bool:
    return "://" in location or Path(location).exists()


def _link(finder: Any, package: Package, kind: Kind) -> Any:
    """Return the link of a package's file: the one with its hash, or one without a hash."""
    requirement = f"{package.name}=={package.version}"
    found = [
        match.link
        for match in finder.find_matches(requirement, allow_yanked=True, allow_prereleases=True)
        if match.link.is_wheel is (kind == "wheel")
    ]
    if not found:
        raise DownloadError(
            f"{package.name} {package.version} is not in the package index that pip uses.",
            "Check pip's configuration ('pip config list'). If the version was withdrawn, another "
            "one must be named, with its hash.",
        )
    # JSON indexes have the hash beside the link, HTML ones in its fragment, directories have none.
    by_hash = {(link.hash_option or {}).get("sha256", [""])[0]: link for link in found}
    link = by_hash.get(package.sha256) or by_hash.get("")
    if link is None:
        raise _wrong_hash(package)
    return link


def _wrong_hash(package: Package) -> DownloadError:
    return DownloadError(
        f"The package index has another file of {package.name} {package.version} than the one that "
        "was named: its SHA-256 differs.",
        "It is not used. Find out who changed it, and name another one only if you trust it.",
    )
