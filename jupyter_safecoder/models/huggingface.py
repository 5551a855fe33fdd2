"""A hub's checkpoints: from the cache on this disk, downloaded only where that is allowed."""

from __future__ import annotations

import errno
import re
import shutil
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from jupyter_safecoder.errors import ModelError
from jupyter_safecoder.extras import INSTALL_CHECKPOINTS

#: ``owner/name``, as hubs allow it.
_HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95}")
#: What is downloaded of a checkpoint, from its top level alone.
_WEIGHTS = re.compile(r"model(-\d{5}-of-\d{5})?\.safetensors|model\.safetensors\.index\.json")
_REST = re.compile(
    r"(config|generation_config|tokenizer|tokenizer_config)\.json|README\.md|LICENSE.*"
)
_ANSWER_S = 15.0
_NEWS_S = 0.5

Share = Callable[[float], None]


def is_repo_id(name: str) -> bool:
    """Say whether a name has the form of a hub's ids."""
    return _HUB_ID.fullmatch(name) is not None and ".." not in name


def fetch_checkpoint(
    name: str, revision: str, *, allow_downloads: bool, weights: bool, progress: Share
) -> Path:
    """Return the directory of a hub's checkpoint on this disk.

    Parameters
    ----------
    name
        ``owner/name``.
    revision
        A branch, tag or commit; empty: ``main``.
    allow_downloads
        Whether what is not here may be fetched; what is here is never asked for again.
    weights
        False: only the files that say what the model is.
    progress
        Called with the share of bytes that are here, 0 to 1.

    Raises
    ------
    ModelError
        If it is not here and may not be fetched, or cannot be fetched: with what to do.
    """
    try:
        import huggingface_hub
        from huggingface_hub.utils.tqdm import disable_progress_bars
    except ImportError:
        raise ModelError(
            "Models of a hub need the package huggingface_hub, which is not installed.",
            f"Install it: {INSTALL_CHECKPOINTS}.",
        ) from None
    revision = revision or "main"
    here = _in_cache(name, revision)
    if here is not None and (not weights or _has_weights(here)):
        return here
    if not allow_downloads:
        raise ModelError(
            f"{name} (revision {revision}) is not on this disk, and downloads are not allowed.",
            "Set c.SafeCoder.allow_downloads to True (on the command line --allow-downloads), or "
            "copy the checkpoint here and name its directory.",
        )
    disable_progress_bars()
    with _explained(name, revision):
        info = huggingface_hub.HfApi().model_info(
            name, revision=revision, files_metadata=True, timeout=_ANSWER_S
        )
        sizes = {s.rfilename: s.size or 0 for s in info.siblings or () if _wanted(s, weights)}
        _check(name, [s.rfilename for s in info.siblings or ()], sizes, weights)
        with _followed(name, sum(sizes.values()), progress):
            directory = huggingface_hub.snapshot_download(
                name, revision=revision, allow_patterns=list(sizes), etag_timeout=_ANSWER_S
            )
    return Path(directory)


def cached_models() -> Iterator[tuple[str, Path]]:
    """Yield the ids and directories of the checkpoints that the hub's cache on this disk holds."""
    from huggingface_hub import scan_cache_dir
    from huggingface_hub.errors import CacheNotFound

    try:
        repositories = scan_cache_dir().repos
    except CacheNotFound:
        return
    for repository in sorted(repositories, key=lambda repository: repository.repo_id):
        for revision in repository.revisions:
            if repository.repo_type == "model" and _has_weights(revision.snapshot_path):
                yield repository.repo_id, revision.snapshot_path


def _in_cache(name: str, revision: str) -> Path | None:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import LocalEntryNotFoundError

    try:
        return Path(snapshot_download(name, revision=revision, local_files_only=True))
    except (LocalEntryNotFoundError, OSError):
        return None


def _has_weights(directory: Path) -> bool:
    from .safetensors import find_weights

    try:
        return bool(find_weights(directory))
    except ModelError:
        return False


def _wanted(sibling: Any, weights: bool) -> bool:
    name = sibling.rfilename
    return bool(_REST.fullmatch(name) or (weights and _WEIGHTS.fullmatch(name)))


def _check(name: str, all_names: Sequence[str], sizes: dict[str, int], weights: bool) -> None:
    """Refuse before the first byte: what is no use here, and what has no room."""
    if weights and not any(n.endswith(".safetensors") for n in sizes):
        pickled = any(n.endswith((".bin", ".pt", ".pth", ".ckpt")) for n in all_names)
        why = ": its weights are in a format that can run code when it is read." if pickled else "."
        raise ModelError(
            f"{name} has no safetensors{why}",
            "Choose a revision or a model with safetensors, or convert it where you trust it.",
        )
    from huggingface_hub.constants import HF_HUB_CACHE

    place = Path(HF_HUB_CACHE)
    existing = next(p for p in (place, *place.parents) if p.is_dir())
    free, need = shutil.disk_usage(existing).free, sum(sizes.values())
    if need > free:
        raise ModelError(
            f"{name} takes {need / 1e9:.1f} GB; {free / 1e9:.1f} GB are free in {place}.",
            "Free some space, or set the environment variable HF_HOME to a larger disk.",
        )


@contextmanager
def _followed(name: str, total: int, progress: Share) -> Iterator[None]:
    """Report the growth of the cache's files while they are downloaded."""
    from huggingface_hub.constants import HF_HUB_CACHE

    blobs = Path(HF_HUB_CACHE, f"models--{name.replace('/', '--')}", "blobs")
    over = threading.Event()

    def follow() -> None:
        while not over.wait(_NEWS_S):
            progress(min(1.0, _size(blobs) / max(1, total)))

    thread = threading.Thread(target=follow, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _size(directory: Path) -> int:
    size = 0
    for path in directory.glob("*"):
        try:
            size += path.stat().st_size
        except OSError:
            continue  # finished just now, under its other name
    return size


@contextmanager
def _explained(name: str, revision: str) -> Iterator[None]:
    """Turn the hub's errors into sentences."""
    from httpx import HTTPError
    from huggingface_hub import errors

    try:
        yield
    except errors.GatedRepoError:
        raise ModelError(
            f"{name} is gated: its owner wants its terms to be accepted first.",
            "Accept them on the model's page in a browser, then set the environment variable "
            "HF_TOKEN to a token of that account (or run 'hf auth login').",
        ) from None
    except errors.RevisionNotFoundError:
        raise ModelError(
            f"{name} has no revision {revision!r}.",
            "Set c.SafeCoder.revision to a branch, a tag or a commit of the model.",
        ) from None
    except errors.RepositoryNotFoundError:
        raise ModelError(
            f"The hub has no model {name}, or does not show it to you.",
            "Check the spelling; for a private model set the environment variable HF_TOKEN.",
        ) from None
    except errors.OfflineModeIsEnabled:
        raise ModelError(
            f"{name} cannot be downloaded: the environment variable HF_HUB_OFFLINE is set.",
            "Unset it, or copy the checkpoint here and name its directory.",
        ) from None
    except errors.HfHubHTTPError as error:
        status = getattr(error.response, "status_code", "no")
        raise ModelError(
            f"The hub answered with status {status} when asked for {name}.",
            "Try again later; behind a proxy, check HTTPS_PROXY and HF_ENDPOINT.",
        ) from None
    except (OSError, HTTPError) as error:
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise ModelError(
                f"The disk filled up while {name} was downloaded; what is here is kept.",
                "Free some space and start again: the download goes on where it stopped.",
            ) from None
        raise ModelError(
            f"The hub cannot be reached to download {name} ({type(error).__name__}).",
            "Check the network, HTTPS_PROXY and HF_ENDPOINT; or copy the checkpoint here and name "
            "its directory.",
        ) from None
