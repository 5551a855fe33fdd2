"""Fetches files of package indexes by name and hash; no code of a package is executed.

``pip download`` runs the build backend of a source distribution to read its name. Instead, unearth
finds the file, with pip's configuration.
"""

from __future__ import annotations

import ast
import hashlib
import ssl
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import IO, Any, Literal

from jupyter_safecoder.errors import FinetuneError
from jupyter_safecoder.extras import PACKAGES, require_extra
from jupyter_safecoder.files import atomic_write
from jupyter_safecoder.models.fingerprint import hash_file

from .manifest import Package

Kind = Literal["source", "wheel"]
#: No source distribution is larger.
_MAX_BYTES = 2**30
_CHUNK_BYTES = 2**20
#: Sections of pip's configuration that apply to downloads; later ones take precedence.
_SECTIONS = ("global.", "download.", ":env:.")


def fetch(
    package: Package,
    kind: Kind,
    directory: Path,
    progress: Callable[[float], None] = lambda share: None,
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
        Called with the share that is downloaded, 0 to 1.

    Raises
    ------
    FinetuneError
        If it cannot be fetched, or is not the file that the manifest names.
    """
    path = directory / f"{package.key}.{kind}"
    if path.is_file() and hash_file(path) == package.sha256:
        return path
    require_extra(*PACKAGES)
    # unearth's name for the errors of its HTTP client.
    from unearth.preparer import HTTPErrors

    try:
        finder = _finder(pip_configuration())
        with closing(finder.session) as client, atomic_write(path) as stream:
            link = _link(finder, package, kind)
            digest = _download(client, link.normalized, stream, package, progress)
            if digest != package.sha256:
                raise _wrong_hash(package)
    except HTTPErrors as error:
        raise FinetuneError(
            f"{package.name} {package.version} could not be fetched: the package index does not "
            f"answer ({type(error).__name__}).",
            "Check the network and pip's configuration; files that were fetched are kept.",
        ) from error
    return path


def pip_configuration() -> dict[str, str]:
    """Return pip's settings by name, those of the environment included; empty without pip."""
    done = subprocess.run(
        [sys.executable, "-m", "pip", "--disable-pip-version-check", "config", "list"],
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


def _finder(pip: dict[str, str]) -> Any:
    """Return unearth's finder, with pip's indexes, credentials and proxy."""
    from unearth import PackageFinder
    from unearth.auth import MultiDomainBasicAuth
    from unearth.fetchers.sync import PyPIClient

    offline = pip.get("no-index", "").lower() in ("1", "true", "yes", "on")
    indexes = [] if offline else pip.get("index-url", "").split()
    extra = [] if offline else pip.get("extra-index-url", "").split()
    find_links = [path for path in pip.get("find-links", "").split() if _exists(path)]
    trusted = pip.get("trusted-host", "").split()
    client: Any = PyPIClient(
        trusted_hosts=trusted,
        verify=ssl.create_default_context(cafile=pip["cert"]) if "cert" in pip else True,
        timeout=float(pip.get("timeout", pip.get("default-timeout", 60))),
        follow_redirects=True,
        proxy=pip.get("proxy"),
    )
    client.auth = MultiDomainBasicAuth(prompting=False, index_urls=[*indexes, *extra])
    # Files for other platforms too: no code is executed. Without indexes unearth uses PyPI.
    finder = PackageFinder(client, index_urls=indexes, ignore_compatibility=True)
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
        raise FinetuneError(
            f"{package.name} {package.version} is not in the package index that pip uses.",
            "Check pip's configuration ('pip config list'). If the version was withdrawn, name "
            "another one in the manifest of sources, with its hash.",
        )
    # JSON indexes have the hash beside the link, HTML ones in its fragment, directories have none.
    by_hash = {(link.hash_option or {}).get("sha256", [""])[0]: link for link in found}
    link = by_hash.get(package.sha256) or by_hash.get("")
    if link is None:
        raise _wrong_hash(package)
    return link


def _download(
    client: Any, url: str, stream: IO[bytes], package: Package, progress: Callable[[float], None]
) -> str:
    """Write the file of a URL to a stream; return its SHA-256."""
    digest, received = hashlib.sha256(), 0
    # Not compressed for the transfer: the hash is that of the file.
    headers = {"Accept-Encoding": "identity"}
    with client.get_stream(url, headers=headers) as response:
        response.raise_for_status()
        size = int(response.headers.get("Content-Length", 0))
        for chunk in response.iter_raw(_CHUNK_BYTES):
            received += len(chunk)
            if received > _MAX_BYTES:
                raise FinetuneError(
                    f"The file of {package.name} {package.version} is larger than 1 GB.",
                    "Check the package of this name in pip's index.",
                )
            digest.update(chunk)
            stream.write(chunk)
            progress(min(1.0, received / size) if size else 0.0)
    return digest.hexdigest()


def _wrong_hash(package: Package) -> FinetuneError:
    return FinetuneError(
        f"The file of {package.name} {package.version} is not the one that the manifest names: its "
        "SHA-256 differs.",
        "It is not used. Find out who changed it, and change the manifest only if you trust it.",
    )
